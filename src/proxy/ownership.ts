import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Storage } from "../storage/storage.js";
import { Adoption } from "./adoption.js";
import type { CachedUpstream } from "./cached-upstream.js";

/** Keeps what lies here of one owner from being passed off as another's: a changed configuration moves no content. */
export class Ownership {
  readonly #storage: Storage;
  readonly #upstream: string;
  readonly #adoption: Adoption;

  constructor(storage: Storage, source: CachedUpstream) {
    this.#storage = storage;
    this.#upstream = source.upstream.name;
    this.#adoption = new Adoption(storage, source);
  }

  /** @throws RegistryError DENIED if the repository holds what was pushed, or what came from another upstream */
  async check(name: RepositoryName, context: Context): Promise<void> {
    const owner = await this.#storage.cache.ownerOf(name);
    if (owner === this.#upstream) return;
    if (owner === undefined && !(await this.#storage.holdsContent(name))) return;
    if (owner === undefined && (await this.#adoption.claims(name, context))) return;
    const whose = owner === undefined ? "was pushed here" : `came from ${owner}`;
    throw new RegistryError(
      "DENIED",
      `what this registry holds as ${name} ${whose}, and is not that of ${this.#upstream}`,
      {
        detail: { name, owner, upstream: this.#upstream },
      },
    );
  }

  /** To be called before the first content is stored. */
  async record(name: RepositoryName): Promise<void> {
    await this.#storage.cache.recordOwner(name, this.#upstream);
  }
}
