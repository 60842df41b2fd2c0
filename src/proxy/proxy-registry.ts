import { BoundedMap } from "../foundation/bounded-map.js";
import type { Logger } from "../observability/logger.js";
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
import type { Upstream } from "../upstream/upstream.js";
import { AllowedContent } from "./allowed-content.js";
import { BlobCache } from "./blob-cache.js";
import { BlobProofs } from "./blob-proofs.js";
import { CachedHolders } from "./cached-holders.js";
import { cachedNamesAfter } from "./cached-names.js";
import type { CachedUpstream } from "./cached-upstream.js";
import type { RepositoryRules } from "./content-rules.js";
import { BodyForms } from "./downloads/body-forms.js";
import type { DownloadOptions } from "./downloads/download.js";
import type { DownloadObserver } from "./downloads/download-observer.js";
import { Downloads } from "./downloads/downloads.js";
import { KeptManifests } from "./kept-manifests.js";
import { ListCache } from "./list-cache.js";
import { ManifestCache } from "./manifest-cache.js";
import { Ownership } from "./ownership.js";
import { ProxiedRepository, type UpstreamCache } from "./proxied-repository.js";
import { mayBePulled } from "./pullable.js";
import { StoredRepository } from "./stored-repository.js";
import { ownNameOf, remoteNameOf, storedNameOf } from "./upstream-names.js";

/** One upstream: its names here, the operator's settings, and its client. */
export interface ProxyUpstream extends UpstreamNames, Omit<CachedUpstream, "remoteName"> {
  readonly upstream: Upstream;
}

interface ProxyOptions extends Omit<DownloadOptions, "holders"> {
  readonly upstreams: readonly ProxyUpstream[];
  readonly owners: Owners;
  /** Whether downloads continue that no client waits for. */
  readonly finishDownloads: boolean;
  readonly observer?: DownloadObserver | undefined;
  /** The name of a repository in the catalog. */
  shownNameOf(stored: RepositoryName, upstream: UpstreamNames): RepositoryName;
}

interface Source {
  readonly settings: ProxyUpstream;
  readonly cache: UpstreamCache;
}

interface FoundRepository {
  readonly cache: UpstreamCache;
  readonly rules: RepositoryRules;
  readonly repository: ProxiedRepository;
}

const rememberedNames = 20_000;

/** The repositories of upstreams. */
export class ProxyRegistry implements Registry {
  readonly #storage: Storage;
  readonly #options: ProxyOptions;
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #known = new BoundedMap<string, FoundRepository>(rememberedNames);
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
    this.#sources = new Map(
      options.upstreams.map((settings) => [settings.name, createSource(storage, settings, shared)]),
    );
  }

  async pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    const key = namespace === undefined ? name : `${name}?${namespace}`;
    const found = this.#known.get(key) ?? this.#find(key, name, namespace);
    const { upstream, ownership } = found.cache;
    const via = context.trail?.via;
    if (via !== undefined) refuseLoop(upstream, via);
    const owner = await this.#storage.owners.ownerOf(found.repository.name);
    if (owner !== upstream.name) await ownership.check(found.repository.name, owner, context);
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
    const upstream = await this.#storage.owners.ownerOf(stored);
    const settings = this.#sources.get(upstream ?? "")?.settings;
    if (settings === undefined || !mayBePulled(stored, settings, this.#options.owners)) return undefined;
    return this.#options.shownNameOf(stored, settings);
  }

  /** Depends only on the configuration, so it is remembered under the key. */
  #find(key: string, name: RepositoryName, namespace: string | undefined): FoundRepository {
    const { settings, cache } = this.#sourceOf(name, namespace);
    const own = ownNameOf(name, settings);
    const rules = settings.rules.of(own);
    if (rules === undefined) {
      const message = `${own} of ${settings.name} may not be pulled here, because of allow and deny of this upstream`;
      throw new RegistryError("DENIED", message, { detail: { name: own, upstream: settings.name } });
    }
    const stored = storedNameOf(own, settings, this.#options.owners);
    const meant = [namespace, registryCalled(namespace ?? "")];
    const heard = settings.namespaces.some((each) => meant.includes(each)) ? namespace : undefined;
    const found = { cache, rules, repository: new ProxiedRepository(stored, cache, { rules, namespace: heard }) };
    // A `?ns=` that a client made up is not remembered, since it can be of any length.
    if (namespace === undefined || heard !== undefined) this.#known.set(key, found);
    return found;
  }

  #sourceOf(name: RepositoryName, namespace: string | undefined): Source {
    const owner = this.#options.owners.of(name, namespace);
    const source = owner.kind === "upstream" ? this.#sources.get(owner.upstream) : undefined;
    if (source !== undefined) return source;
    throw new RegistryError("NAME_UNKNOWN", `${name} belongs to no upstream of this registry: ${owner.because}`, {
      detail: { name, namespace: namespace?.slice(0, 255) },
    });
  }
}

/** What all upstreams share. */
interface SharedParts {
  readonly downloads: Downloads;
  readonly holders: CachedHolders;
  readonly log: Logger;
}

function createSource(storage: Storage, settings: ProxyUpstream, { downloads, holders, log }: SharedParts): Source {
  const cached: CachedUpstream = { ...settings, remoteName: (stored) => remoteNameOf(stored, settings) };
  const ownership = new Ownership(storage, cached);
  const policy = { ...settings, forms: new BodyForms() };
  const proofs = new BlobProofs(cached, log);
  const kept = new KeptManifests(storage, ownership);
  return {
    settings,
    cache: {
      upstream: settings.upstream,
      ownership,
      kept,
      manifests: new ManifestCache(kept, cached),
      blobs: new BlobCache(storage, cached, { downloads, policy, holders, proofs, kept, ownership }),
      lists: new ListCache(storage, cached),
      allowed: new AllowedContent(storage),
    },
  };
}

/** @throws RegistryError if the request was sent from here, and came back through other caches */
function refuseLoop(upstream: Upstream, via: string): void {
  if (!upstream.comesFromHere(via)) return;
  const message = `${upstream.name} sends this registry's own requests back to it: its url leads here`;
  throw new RegistryError("UNAVAILABLE", message, { status: 508, detail: { upstream: upstream.name } });
}
