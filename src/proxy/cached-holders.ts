import { BoundedMap } from "../foundation/bounded-map.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

const remembered = 20_000;
/** After so many lookups, downloading the blob is cheaper. */
const mostLooks = 2_000;
const looksAtOnce = 16;

/**
 * Knows whether a repository of an upstream holds a blob. Bytes that only private repositories hold are never served to
 * others, whatever an upstream claims to have: it may claim so to get at them.
 */
export class CachedHolders {
  readonly #storage: Storage;
  readonly #known = new BoundedMap<Digest, RepositoryName>(remembered);

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
    // Read from the storage: if the owner was removed, the repository counts as private.
    return (await this.#storage.owners.readOwner(name)) !== undefined;
  }
}
