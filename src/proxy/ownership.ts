import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Storage } from "../storage/storage.js";
import { Adoption } from "./adoption.js";
import type { Upstream } from "./upstream.js";

/** Keeps stored content of one owner from being served as another's, such as after a change of the configuration. */
export class Ownership {
  readonly #storage: Storage;
  readonly #upstream: string;
  readonly #adoption: Adoption;

  constructor(storage: Storage, upstream: Upstream) {
    this.#storage = storage;
    this.#upstream = upstream.name;
    this.#adoption = new Adoption(storage, upstream);
  }

  /**
   * Call it if the recorded owner is not this upstream.
   * @param owner the recorded owner, if any
   * @throws RegistryError DENIED if the repository holds pushed content, or content of another upstream
   */
  async check(name: RepositoryName, owner: string | undefined, context: Context): Promise<void> {
    if (owner === undefined && !(await this.#storage.repository(name).holdsContent())) return;
    if (owner === undefined && (await this.#adoption.claims(name, context))) return;
    throw notTheirs(name, owner, this.#upstream);
  }

  async record(name: RepositoryName): Promise<void> {
    await claim(this.#storage, name, this.#upstream);
  }
}

/**
 * Records that a repository belongs to an upstream. Call it before content is stored, but after the upstream has
 * confirmed that it has it: otherwise a request would be enough to take a name from others.
 * @throws RegistryError DENIED if it got another owner since it was checked
 */
export async function claim(storage: Storage, name: RepositoryName, upstream: string): Promise<void> {
  // Read from the storage: another process may have deleted the repository, and its content would count as private.
  const owner = await storage.owners.readOwner(name);
  if (owner === upstream) return;
  if (owner !== undefined || (await storage.repository(name).holdsContent())) throw notTheirs(name, owner, upstream);
  await storage.owners.recordOwner(name, upstream);
}

function notTheirs(name: RepositoryName, owner: string | undefined, upstream: string): RegistryError {
  const whose = owner === undefined ? "was pushed here" : `came from ${owner}`;
  const message = `the stored content of ${name} ${whose}, and does not belong to ${upstream}`;
  return new RegistryError("DENIED", message, { detail: { name, owner, upstream } });
}
