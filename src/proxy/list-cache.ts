import { LRUCache } from "lru-cache";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import { listReferrers } from "../storage/referrer-list.js";
import type { Storage } from "../storage/storage.js";
import type { CachedUpstream } from "./cached-upstream.js";
import { allowsStale, toRegistryError } from "./upstream-failure.js";

const remembered = 1_000;

/** Lists change often and are asked for often: each is remembered for a moment, and no longer. */
const rememberedForMs = 30_000;

/** Tags and referrers, as the upstream lists them; when it is away, as far as they are known here. */
export class ListCache {
  readonly #storage: Storage;
  readonly #source: CachedUpstream;
  readonly #tags = new LRUCache<RepositoryName, readonly string[]>({ max: remembered, ttl: rememberedForMs });
  readonly #referrers = new LRUCache<string, readonly Descriptor[]>({ max: remembered, ttl: rememberedForMs });

  constructor(storage: Storage, source: CachedUpstream) {
    this.#storage = storage;
    this.#source = source;
  }

  /** All tags, in code point order. */
  async tags(name: RepositoryName, context: Context): Promise<readonly string[]> {
    const known = this.#tags.get(name);
    if (known !== undefined) return known;
    try {
      const tags = await this.#source.upstream.listTags(this.#source.remoteName(name), context);
      const sorted = tags.sort();
      this.#tags.set(name, sorted);
      return sorted;
    } catch (error) {
      const stored = await this.#storage.tags.list(name);
      if (stored.length > 0 && allowsStale(error)) return stored;
      throw toRegistryError(error, () => this.#unknown(name));
    }
  }

  async listReferrers(
    name: RepositoryName,
    subject: Digest,
    query: ReferrersQuery,
    context: Context,
  ): Promise<ReferrersPage> {
    const key = `${name}@${subject}`;
    try {
      const all = this.#referrers.get(key) ?? (await this.#askReferrers(name, subject, context));
      this.#referrers.set(key, all);
      const { artifactType, last } = query;
      const items = all.filter(
        (item) =>
          (artifactType === undefined || item.artifactType === artifactType) &&
          (last === undefined || item.digest > last),
      );
      return { items, more: false };
    } catch (error) {
      if (!allowsStale(error)) throw toRegistryError(error, () => this.#unknown(name));
      return listReferrers(this.#storage, name, subject, query);
    }
  }

  async #askReferrers(name: RepositoryName, subject: Digest, context: Context): Promise<Descriptor[]> {
    const listed = await this.#source.upstream.listReferrers(this.#source.remoteName(name), subject, context);
    return listed.sort((one, other) => (one.digest < other.digest ? -1 : 1));
  }

  #unknown(name: RepositoryName): RegistryError {
    const upstream = this.#source.upstream.name;
    return new RegistryError("NAME_UNKNOWN", `${upstream} has no repository ${this.#source.remoteName(name)}`, {
      detail: { name, upstream },
    });
  }
}
