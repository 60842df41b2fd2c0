import { LRUCache } from "lru-cache";
import { SingleFlight } from "../foundation/single-flight.js";
import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import type { RepositoryRules } from "./content-rules.js";

/** For all repositories together. */
const rememberedDigests = 200_000;

/**
 * What may be pulled by digest from a repository with rules on tags: what an allowed tag leads to, or once led to, as
 * far as clients have requested that tag here. Anything else might be forbidden: a digest does not say which tags point
 * to it.
 */
export class AllowedContent {
  readonly #storage: Storage;
  readonly #known = new LRUCache<RepositoryName, Set<Digest>>({
    maxSize: rememberedDigests,
    sizeCalculation: (digests) => digests.size + 1,
  });
  readonly #walks = new SingleFlight<string, ReadonlySet<Digest>>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async has(name: RepositoryName, digest: Digest, rules: RepositoryRules): Promise<boolean> {
    if (this.#known.get(name)?.has(digest)) return true;
    const announced = await this.#storage.announced.find(name, digest);
    if (announced.some(({ tag }) => rules.allows(tag))) return true;
    return (await this.#walks.run(name, () => this.#walk(name, rules))).has(digest);
  }

  /** Adds what belongs to allowed content but is not stored yet: the referrers that were listed to a client. */
  note(name: RepositoryName, digests: Iterable<Digest>): void {
    this.#known.set(name, new Set([...(this.#known.get(name) ?? []), ...digests]));
  }

  async #walk(name: RepositoryName, rules: RepositoryRules): Promise<ReadonlySet<Digest>> {
    const reached = new Set<Digest>();
    const tags = (await this.#storage.tags.list(name)).filter((tag: Tag) => rules.allows(tag));
    for (const tag of tags) await this.#reach(name, await this.#storage.tags.history.digests(name, tag), reached);
    await this.#reachReferrers(name, reached);
    this.note(name, reached);
    return reached;
  }

  /** Adds referrers of what is reached, such as signatures, and their referrers. */
  async #reachReferrers(name: RepositoryName, reached: Set<Digest>): Promise<void> {
    const subjects = await this.#storage.referrers.subjects(name);
    for (let before = -1; before < reached.size; ) {
      before = reached.size;
      for (const subject of subjects) {
        if (reached.has(subject)) await this.#reach(name, await this.#storage.referrers.list(name, subject), reached);
      }
    }
  }

  /** Adds these digests and, for manifests, everything that they reference, and so on. */
  async #reach(name: RepositoryName, digests: readonly Digest[], reached: Set<Digest>): Promise<void> {
    const pending = [...digests];
    for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
      if (reached.has(digest)) continue;
      reached.add(digest);
      const content = await this.#storage.manifests.uncached.readContent(name, digest);
      for (const named of content?.names ?? []) pending.push(named);
    }
  }
}
