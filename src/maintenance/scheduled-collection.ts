import type { Logger } from "../observability/logger.js";
import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";
import { collectBeside } from "./collect.js";
import { CollectionError } from "./collection-lock.js";
import type { Collection, CollectionReport } from "./collection-report.js";
import { LeftoverShare } from "./leftover-share.js";
import { dueAgain, type ScheduledTask } from "./schedule.js";
import type { CollectionTimes } from "./unneeded-content.js";

export interface ScheduledCollectionSettings {
  readonly times: CollectionTimes;
  /** The part of the time in which it works while no client asks for anything. */
  readonly share: number;
}

/** Notified of each collection. */
export interface CollectionObserver {
  /** @param collection `undefined` if it failed */
  collected(collection: Collection | undefined): void | Promise<void>;
}

/** How often the log says how far a long collection is. */
const toldEachMs = 60_000;

/**
 * Collects garbage beside the server. If something waits only for its grace, another collection is due as soon as that
 * is over.
 */
export class ScheduledCollection implements ScheduledTask {
  readonly name = "the collection";
  readonly #storage: Storage;
  readonly #settings: ScheduledCollectionSettings;
  readonly #log: Logger;
  readonly #observers: readonly CollectionObserver[];
  readonly #startMs = Date.now();
  #followUpMs: number | undefined;

  constructor(
    storage: Storage,
    settings: ScheduledCollectionSettings,
    log: Logger,
    observers: readonly CollectionObserver[] = [],
  ) {
    this.#storage = storage;
    this.#settings = settings;
    this.#log = log;
    this.#observers = observers;
  }

  async dueMs(every: number): Promise<number> {
    const dueMs = dueAgain(every, await this.#storage.collections.lastMs(), this.#startMs);
    return Math.min(dueMs, this.#followUpMs ?? dueMs);
  }

  async perform(_every: number, signal: AbortSignal): Promise<void> {
    this.#followUpMs = undefined;
    const collection = await this.#collect(signal);
    this.#followUpMs = collection.nextMs;
    this.#tell(collection);
  }

  failed(_every: number, cause: unknown): void {
    // Another process is collecting, and tells its own observers.
    if (cause instanceof CollectionError && cause.cause instanceof LockError) return;
    if (cause instanceof CollectionError) this.#log.warn(`garbage was not collected: ${cause.message}`);
    else this.#log.error("garbage could not be collected", { cause });
    this.#tell(undefined);
  }

  #tell(collection: Collection | undefined): void {
    for (const observer of this.#observers) void observer.collected(collection);
  }

  async #collect(signal: AbortSignal): Promise<Collection> {
    const startedAt = performance.now();
    const share = new LeftoverShare(this.#settings.share, signal);
    const collection = await collectBeside(this.#storage.forWalk(this.#log), {
      deleteUntagged: false,
      times: this.#settings.times,
      report: this.#report(),
      pace: () => share.rest(),
    });
    const { bytes, removed, waiting, trashed } = collection;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    this.#log.info("garbage collected", { bytes, removed, waiting, trashed, seconds });
    return collection;
  }

  #report(): CollectionReport {
    const log = this.#log;
    let [read, of, toldAt] = [0, 0, performance.now()];
    return {
      repositories: ({ toRead }) => {
        of = toRead;
      },
      marked: () => {
        read++;
        if (performance.now() - toldAt < toldEachMs) return;
        toldAt = performance.now();
        log.info("garbage is being collected", { repositories: read, of });
      },
      stays: () => {},
      problem: (problem) => log.warn(`garbage collection: ${problem}`),
      found: ({ bytes }) => {
        for (const { digest, size } of bytes) log.debug("unneeded bytes are deleted", { digest, bytes: size });
      },
      goes: (item) => {
        if (item.kind === "blob" || item.kind === "manifest")
          log.debug(`unneeded ${item.kind} moves to the trash`, { repository: item.name, digest: item.digest });
      },
    };
  }
}
