import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import { PrivateRepository, type PrivateRepositoryParts } from "./private-repository.js";

/**
 * A repository that was cached from an upstream and is ours as soon as something is pushed to it: no eviction may touch
 * it then. Who only asks, cancels or deletes, or whose push is refused, leaves it to the cache.
 */
export class AdoptedRepository extends PrivateRepository {
  readonly #storage: Storage;

  constructor(name: RepositoryName, storage: Storage, parts: PrivateRepositoryParts) {
    super(name, storage, parts);
    this.#storage = storage;
  }

  /** What is acknowledged must not have been evicted meanwhile. */
  protected override async beforeStoring(): Promise<boolean> {
    await this.#storage.cache.forgetOwner(this.name);
    return true;
  }
}
