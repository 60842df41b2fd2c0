import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

const remembered = 20_000;
/** Where so many do not hold it, fetching it is cheaper than looking on. */
const mostLooks = 2_000;
const looksAtOnce = 16;

/**
 * Knows whether bytes are here for a repository of an upstream. Bytes that only private repositories hold are not given
 * to anybody else, whatever an upstream says that it has: it may say so to get at them.
 */
export class CachedHolders {
  readonly #storage: Storage;
  readonly #known = new LRUCache<Digest, RepositoryName>({ max: remembered });

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** A repository of an upstream was found to hold it. */
  note(digest: Digest, name: RepositoryName): void {
    this.#known.set(digest, name);
  }

  async hold(digest: Digest): Promise<boolean> {
    const known = this.#known.get(digest);
    if (known !== undefined && (await this.#holds(known, digest))) return true;
    const names = [...(await this.#storage.owners.all()).keys()].slice(0, mostLooks);
    for (let start = 0; start < names.length; start += looksAtOnce) {
      const some = names.slice(start, start + looksAtOnce);
      const looks = await Promise.all(some.map((name) => this.#holds(name, digest)));
      const holder = some[looks.indexOf(true)];
      if (holder === undefined) continue;
      this.note(digest, holder);
      return true;
    }
    return false;
  }

  async #holds(name: RepositoryName, digest: Digest): Promise<boolean> {
    if ((await this.#storage.repository(name).linkedBlob(digest)) !== digest) return false;
    // Asked of the storage: its owner may have been forgotten, and its content would be private.
    return (await this.#storage.owners.readOwner(name)) !== undefined;
  }
}
