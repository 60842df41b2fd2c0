import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { Storage } from "../storage.js";
import { referrerDescriptor } from "./referrer-descriptor.js";

/** Rebuilds missing records of referrers, once per repository for all callers. */
export class ReferrerRebuild {
  readonly #storage: Storage;
  readonly #rebuilds = new SingleFlight<RepositoryName, void>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * A repository that another program wrote, or that was restored without its records, has none: then all its manifests
   * are read once, and the referrers recorded.
   */
  async runIfMissing(name: RepositoryName): Promise<void> {
    if (await this.#storage.referrers.isKept(name)) return;
    await this.#rebuilds.run(name, () => this.#run(name));
  }

  async #run(name: RepositoryName): Promise<void> {
    const digests = await this.#storage.index.manifests(name);
    if (digests.length === 0) return;
    const breaks = new EventLoopBreaks();
    try {
      for (const digest of digests) {
        await breaks.take();
        const found = await this.#storage.manifests.uncached.readUnremembered(name, digest);
        const subject = found?.reading.subject;
        if (found !== undefined) this.#storage.referrers.subjectOf.set(digest, subject ?? "none");
        if (found === undefined || subject === undefined) continue;
        await this.#storage.referrers.put(name, subject, referrerDescriptor(found, found.reading));
      }
      await this.#storage.referrers.noteWhole(name);
    } catch (error) {
      // Repeated on the next call, if there is space then.
      if (!isOutOfRoom(error)) throw error;
    }
  }
}
