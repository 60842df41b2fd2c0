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
    const owner = await this.#storage.owners.ownerOf(name);
    if (owner === this.#upstream) return;
    if (owner === undefined && !(await this.#storage.repository(name).holdsContent())) return;
    if (owner === undefined && (await this.#adoption.claims(name, context))) return;
    throw notTheirs(name, owner, this.#upstream);
  }

  async record(name: RepositoryName): Promise<void> {
    await claim(this.#storage, name, this.#upstream);
  }
}

/**
 * Records that a repository's content is an upstream's. To be called before any of it is stored, and not before the
 * upstream said that it has it: else a question would be enough to take a name from others.
 * @throws RegistryError DENIED if it became somebody else's since it was looked at
 */
export async function claim(storage: Storage, name: RepositoryName, upstream: string): Promise<void> {
  // Asked of the storage: another process may have removed the repository, and its content would count as private.
  const owner = await storage.owners.readOwner(name);
  if (owner === upstream) return;
  if (owner !== undefined || (await storage.repository(name).holdsContent())) throw notTheirs(name, owner, upstream);
  await storage.owners.recordOwner(name, upstream);
}

function notTheirs(name: RepositoryName, owner: string | undefined, upstream: string): RegistryError {
  const whose = owner === undefined ? "was pushed here" : `came from ${owner}`;
  const message = `what this registry holds as ${name} ${whose}, and is not that of ${upstream}`;
  return new RegistryError("DENIED", message, { detail: { name, owner, upstream } });
}
