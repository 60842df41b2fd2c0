import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Registry } from "../registry/registry.js";
import { BriefMemory } from "../storage/brief-memory.js";
import { CatalogPages, holdersOfManifests } from "../storage/content/catalog-pages.js";
import type { Storage } from "../storage/storage.js";
import { AdoptedRepository } from "./adopted-repository.js";
import type { PrivateRules } from "./manifest-rules.js";
import { type NameMeanings, plainMeanings } from "./name-meanings.js";
import type { OpenUploadLimits } from "./open-uploads.js";
import { PrivateRepository, type PrivateRepositoryParts } from "./private-repository.js";
import { RunningUploads } from "./upload-sessions.js";

interface PrivateRegistryRules extends PrivateRules {
  /** Whether what was cached from upstreams counts as ours where it lies under a name that is. */
  readonly adopt: boolean;
  /** Whether nothing can be pushed or deleted. */
  readonly readonly: boolean;
  readonly uploads: OpenUploadLimits;
}

const rememberedNames = 20_000;
/** A change of the mode by another process, or `berth cache rm`, is seen after so long. */
const rememberedForMs = 10_000;

/** All repositories are ours. */
export class PrivateRegistry implements Registry {
  readonly #storage: Storage;
  readonly #rules: PrivateRegistryRules;
  readonly #meanings: NameMeanings;
  readonly #running: RunningUploads;
  readonly #catalog: CatalogPages;
  readonly #ours = new BriefMemory<RepositoryName, true>(rememberedNames, rememberedForMs);

  constructor(storage: Storage, rules: PrivateRegistryRules, meanings = plainMeanings(storage, rules.adopt)) {
    this.#storage = storage;
    this.#rules = rules;
    this.#meanings = meanings;
    this.#running = new RunningUploads(storage, rules.uploads);
    const isOurs = async (name: RepositoryName) => rules.adopt || (await this.#cachedFrom(name)) === undefined;
    this.#catalog = new CatalogPages(storage.catalog, (last) => holdersOfManifests(storage.driver, last, isOurs));
  }

  async pull(name: RepositoryName): Promise<PrivateRepository> {
    const upstream = await this.#cachedFrom(name);
    if (upstream !== undefined && !this.#rules.adopt) {
      throw new RegistryError("NAME_UNKNOWN", `${name} was cached from ${upstream} and is not private; ${advice}`, {
        detail: { name, upstream },
      });
    }
    return this.#repository(name);
  }

  async push(name: RepositoryName): Promise<PrivateRepository> {
    if (this.#rules.readonly) throw new RegistryError("UNSUPPORTED", readOnly);
    const upstream = await this.#cachedFrom(name);
    if (upstream === undefined) return this.#repository(name);
    if (!this.#rules.adopt) {
      const message = `${name} holds what was cached from ${upstream}, so nothing can be pushed to it; ${advice}`;
      throw new RegistryError("DENIED", message, { detail: { name, upstream } });
    }
    return new AdoptedRepository(name, this.#storage, this.#parts());
  }

  catalog(page: Page): Promise<PageOf<string>> {
    return this.#catalog.page(page);
  }

  async #cachedFrom(name: RepositoryName): Promise<string | undefined> {
    if (this.#ours.get(name)) return undefined;
    const upstream = await this.#storage.cache.ownerOf(name);
    if (upstream === undefined) this.#ours.set(name, true);
    return upstream;
  }

  #repository(name: RepositoryName): PrivateRepository {
    return new PrivateRepository(name, this.#storage, this.#parts());
  }

  #parts(): PrivateRepositoryParts {
    return {
      rules: this.#rules,
      running: this.#running,
      meanings: this.#meanings,
    };
  }
}

const readOnly =
  "this registry is read-only: nothing can be pushed or deleted (private.readonly); pulls go on as usual";
const advice = "private.adopt: true takes over what was cached, and `berth cache rm` removes it";
