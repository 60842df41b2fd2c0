import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import { PrivateRepository, type PrivateRepositoryParts } from "./private-repository.js";

/**
 * A repository that was cached from an upstream. It becomes private with the first push, so that eviction no longer
 * touches it. Pulls, cancelled uploads, deletions and refused pushes leave it to the cache.
 */
export class AdoptedRepository extends PrivateRepository {
  readonly #storage: Storage;

  constructor(name: RepositoryName, storage: Storage, parts: PrivateRepositoryParts) {
    super(name, storage, parts);
    this.#storage = storage;
  }

  /** Content that is acknowledged must not have been evicted meanwhile. */
  protected override async beforeStoring(): Promise<boolean> {
    await this.#storage.withRoom(() => this.#storage.owners.forgetOwner(this.name));
    return true;
  }
}
