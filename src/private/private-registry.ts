import type { Page, PageOf } from "../oci/listing.js";
import { pageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository, PushRepository } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import type { PrivateRules } from "./manifest-rules.js";
import { PrivateRepository } from "./private-repository.js";
import { RunningUploads } from "./upload-sessions.js";

/** All repositories are ours. */
export class PrivateRegistry implements Registry {
  readonly #storage: Storage;
  readonly #rules: PrivateRules;
  readonly #running = new RunningUploads();

  constructor(storage: Storage, rules: PrivateRules) {
    this.#storage = storage;
    this.#rules = rules;
  }

  pull(name: RepositoryName): PullRepository {
    return this.push(name);
  }

  push(name: RepositoryName): PushRepository {
    return new PrivateRepository(name, this.#storage, this.#rules, this.#running);
  }

  async catalog(page: Page): Promise<PageOf<string>> {
    return pageOf(await this.#storage.catalog.names(), page);
  }
}
