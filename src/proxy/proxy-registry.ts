import { BoundedMap } from "../foundation/bounded-map.js";
import { registryCalled } from "../oci/docker-hub.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Owners, UpstreamNames } from "../registry/owners.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository, PushRepository } from "../registry/repository.js";
import { CatalogPages } from "../storage/content/catalog-pages.js";
import type { Storage } from "../storage/storage.js";
import { CachedHolders } from "./cached-holders.js";
import { cachedNamesAfter } from "./cached-names.js";
import type { RepositoryRules } from "./content-rules.js";
import type { DownloadOptions } from "./downloads/download.js";
import type { DownloadObserver } from "./downloads/download-observer.js";
import { Downloads } from "./downloads/downloads.js";
import { ProxiedRepository } from "./proxied-repository.js";
import { mayBePulled } from "./pullable.js";
import { StoredRepository } from "./stored-repository.js";
import type { Upstream } from "./upstream.js";
import { createUpstreamCache, type UpstreamCache } from "./upstream-cache.js";
import { ownNameOf, storedNameOf } from "./upstream-names.js";

interface ProxyOptions extends Omit<DownloadOptions, "holders"> {
  readonly upstreams: readonly Upstream[];
  readonly owners: Owners;
  /** Whether downloads continue that no client waits for. */
  readonly finishDownloads: boolean;
  readonly observers?: readonly DownloadObserver[];
  /** The name of a repository in the catalog. */
  shownNameOf(stored: RepositoryName, upstream: UpstreamNames): RepositoryName;
}

interface FoundRepository {
  readonly cache: UpstreamCache;
  readonly rules: RepositoryRules;
  readonly repository: ProxiedRepository;
}

const rememberedNames = 20_000;
/** Another owner of what is stored, by another process or `berth cache rm`, is noticed after this time. */
const rememberedForMs = 10_000;

/** The repositories of upstreams. */
export class ProxyRegistry implements Registry {
  readonly #storage: Storage;
  readonly #options: ProxyOptions;
  /** By the name of the upstream. */
  readonly #caches: ReadonlyMap<string, UpstreamCache>;
  /** Repositories with stored content that came from their upstream. */
  readonly #known = new BoundedMap<string, FoundRepository>(rememberedNames, rememberedForMs);
  readonly #catalog: CatalogPages;

  constructor(storage: Storage, options: ProxyOptions) {
    this.#storage = storage;
    this.#options = options;
    const shownNameOf = (stored: RepositoryName) => this.#shownNameOf(stored);
    const { upstreams } = options;
    this.#catalog = new CatalogPages(storage.index, (last, until) =>
      cachedNamesAfter(storage, { last, until, upstreams, shownNameOf }),
    );
    const holders = new CachedHolders(storage);
    const downloads = new Downloads(storage, { ...options, holders, finishUnwatched: options.finishDownloads });
    const shared = { downloads, holders, log: options.log };
    this.#caches = new Map(upstreams.map((each) => [each.name, createUpstreamCache(storage, each, shared)]));
  }

  async pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    const key = namespace === undefined ? name : `${name}?${namespace}`;
    const found = this.#known.get(key) ?? (await this.#check(key, this.#find(name, namespace), context));
    const via = context.trail?.via;
    if (via !== undefined) refuseLoop(found.cache.upstream, via);
    if (context.onlyLooks || context.access?.may("cache", name, namespace) === false)
      return this.#storedOnly(found, name, context);
    return found.repository;
  }

  #storedOnly(
    { cache, rules, repository }: FoundRepository,
    asked: RepositoryName,
    { access, onlyLooks }: Context,
  ): PullRepository {
    const { name, namespace } = repository;
    const refuseFetch = () => {
      if (onlyLooks) throw new RegistryError("MANIFEST_UNKNOWN", `this is not in the cache of ${asked}`);
      access?.require("cache", asked, namespace);
    };
    return new StoredRepository(name, {
      storage: this.#storage,
      upstream: cache.upstream,
      kept: cache.kept,
      allowed: cache.allowed,
      rules,
      namespace,
      refuseFetch,
    });
  }

  async push(name: RepositoryName): Promise<PushRepository> {
    const message =
      "this registry only caches others (mode: proxy), so nothing can be pushed to it; " +
      "set mode: private in its configuration to push here, or mode: hybrid to push and keep the cache";
    throw new RegistryError("UNSUPPORTED", message, { detail: { name, mode: "proxy" } });
  }

  catalog(page: Page): Promise<PageOf<string>> {
    return this.#catalog.page(page);
  }

  /** The name in the catalog of a stored repository that clients may pull from. */
  async #shownNameOf(stored: RepositoryName): Promise<RepositoryName | undefined> {
    const owner = await this.#storage.owners.ownerOf(stored);
    const upstream = this.#caches.get(owner ?? "")?.upstream;
    if (upstream === undefined || !mayBePulled(stored, upstream, this.#options.owners)) return undefined;
    return this.#options.shownNameOf(stored, upstream);
  }

  /** @throws RegistryError DENIED if the repository holds content that is not of its upstream */
  async #check(key: string, found: FoundRepository, context: Context): Promise<FoundRepository> {
    const { cache, repository } = found;
    const owner = await this.#storage.owners.ownerOf(repository.name);
    if (owner !== cache.upstream.name) await cache.ownership.check(repository.name, owner, context);
    // A `?ns=` that a client made up is not remembered, since it can be of any length.
    else if (!key.includes("?") || repository.namespace !== undefined) this.#known.set(key, found);
    return found;
  }

  /** Depends only on the configuration. */
  #find(name: RepositoryName, namespace: string | undefined): FoundRepository {
    const cache = this.#cacheOf(name, namespace);
    const { upstream } = cache;
    const own = ownNameOf(name, upstream);
    const rules = upstream.rules.of(own);
    if (rules === undefined) {
      const message = `${own} of ${upstream.name} may not be pulled here, because of allow and deny of this upstream`;
      throw new RegistryError("DENIED", message, { detail: { name: own, upstream: upstream.name } });
    }
    const stored = storedNameOf(own, upstream, this.#options.owners);
    const meant = [namespace, registryCalled(namespace ?? "")];
    const heard = upstream.namespaces.some((each) => meant.includes(each)) ? namespace : undefined;
    return { cache, rules, repository: new ProxiedRepository(stored, cache, { rules, namespace: heard }) };
  }

  #cacheOf(name: RepositoryName, namespace: string | undefined): UpstreamCache {
    const owner = this.#options.owners.of(name, namespace);
    const cache = owner.kind === "upstream" ? this.#caches.get(owner.upstream) : undefined;
    if (cache !== undefined) return cache;
    throw new RegistryError("NAME_UNKNOWN", `${name} belongs to no upstream of this registry: ${owner.because}`, {
      detail: { name, namespace: namespace?.slice(0, 255) },
    });
  }
}

/** @throws RegistryError if the request was sent from here, and came back through other caches */
function refuseLoop({ name, client }: Upstream, via: string): void {
  if (!client.comesFromHere(via)) return;
  const message = `${name} sends this registry's own requests back to it: its url leads here`;
  throw new RegistryError("UNAVAILABLE", message, { status: 508, detail: { upstream: name } });
}
