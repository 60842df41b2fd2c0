import type { Cluster } from "../cluster/cluster.js";
import { BoundedMap } from "../foundation/bounded-map.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Registry } from "../registry/registry.js";
import { CatalogPages, holdersOfManifests } from "../storage/content/catalog-pages.js";
import type { Storage } from "../storage/storage.js";
import { AdoptedRepository } from "./adopted-repository.js";
import type { PrivateRules } from "./manifest-rules.js";
import { type NameResolution, privateNameResolution } from "./name-resolution.js";
import type { OpenUploadLimits } from "./open-uploads.js";
import { PrivateRepository, type PrivateRepositoryParts } from "./private-repository.js";
import { type QuotaRule, Quotas } from "./quotas.js";
import { RunningUploads } from "./running-uploads.js";

interface PrivateRegistryRules extends PrivateRules {
  /** Whether content cached from upstreams under a private name counts as private. */
  readonly adopt: boolean;
  /** Whether pushes and deletions are refused. */
  readonly readonly: boolean;
  readonly uploads: OpenUploadLimits;
  readonly quotas: readonly QuotaRule[];
}

interface PrivateRegistryOptions {
  /** What names mean, if some belong to upstreams. */
  readonly resolution?: NameResolution;
  /** Other replicas that take requests of the same uploads. */
  readonly cluster?: Cluster | undefined;
}

const rememberedNames = 20_000;
/** A change of mode by another process, or `berth cache rm`, is noticed after this time. */
const rememberedForMs = 10_000;

/** The registry of private mode: all repositories are private. */
export class PrivateRegistry implements Registry {
  readonly #storage: Storage;
  readonly #rules: PrivateRegistryRules;
  readonly #parts: PrivateRepositoryParts;
  readonly #catalog: CatalogPages;
  /** Repositories that nothing was cached under. */
  readonly #ours = new BoundedMap<RepositoryName, PrivateRepository>(rememberedNames, rememberedForMs);

  constructor(
    storage: Storage,
    rules: PrivateRegistryRules,
    { resolution = privateNameResolution(storage, rules.adopt), cluster }: PrivateRegistryOptions = {},
  ) {
    this.#storage = storage;
    this.#rules = rules;
    const running = new RunningUploads(storage, rules.uploads, cluster);
    this.#parts = { rules, resolution, running, quotas: new Quotas(storage, rules.quotas) };
    this.#catalog = new CatalogPages(storage.index, (last) => this.#ownNames(last));
  }

  async *#ownNames(last: string | undefined): AsyncIterable<RepositoryName> {
    // Asked once for all: for each repository, it would double the requests to a bucket.
    const areAllOurs = this.#rules.adopt || !(await this.#storage.owners.ownsAny());
    const isOurs = async (name: RepositoryName) => areAllOurs || (await this.#cachedFrom(name)) === undefined;
    yield* holdersOfManifests(this.#storage.index, last, isOurs);
  }

  async pull(name: RepositoryName): Promise<PrivateRepository> {
    return this.#ours.get(name) ?? this.#find(name);
  }

  async #find(name: RepositoryName): Promise<PrivateRepository> {
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
      const message = `${name} holds content cached from ${upstream}, so it does not accept pushes; ${advice}`;
      throw new RegistryError("DENIED", message, { detail: { name, upstream } });
    }
    return new AdoptedRepository(name, this.#storage, this.#parts);
  }

  #repository(name: RepositoryName): PrivateRepository {
    return this.#ours.get(name) ?? new PrivateRepository(name, this.#storage, this.#parts);
  }

  catalog(page: Page): Promise<PageOf<string>> {
    return this.#catalog.page(page);
  }

  async #cachedFrom(name: RepositoryName): Promise<string | undefined> {
    if (this.#ours.has(name)) return undefined;
    const upstream = await this.#storage.owners.ownerOf(name);
    if (upstream === undefined) this.#ours.set(name, this.#repository(name));
    return upstream;
  }
}

const readOnly = "this registry is read-only: nothing can be pushed or deleted (private.readonly); pulls work as usual";
const advice = "private.adopt: true takes over cached content, and `berth cache rm` deletes it";
