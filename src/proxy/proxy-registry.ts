import type { Logger } from "../observability/logger.js";
import { RegistryError } from "../oci/errors.js";
import { type Page, type PageOf, pageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository, PushRepository } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import type { Upstream } from "../upstream/upstream.js";
import { BlobCache } from "./blob-cache.js";
import type { CachedUpstream } from "./cached-upstream.js";
import { Downloads } from "./downloads.js";
import { KeptManifests } from "./kept-manifests.js";
import { KnownSizes } from "./known-sizes.js";
import { ListCache } from "./list-cache.js";
import { ManifestCache } from "./manifest-cache.js";
import { Ownership } from "./ownership.js";
import { ProxiedRepository, type UpstreamCache } from "./proxied-repository.js";
import { isUnderPrefix, remoteNameOf, remoteNameOfStored, storedNameOf, type UpstreamNames } from "./upstream-names.js";

/** One upstream: what it is called here, what the operator wants of it, and its client. */
export interface ProxyUpstream extends UpstreamNames, Omit<CachedUpstream, "remoteName"> {
  readonly upstream: Upstream;
}

interface Source {
  readonly names: UpstreamNames;
  readonly cache: UpstreamCache;
}

/** All repositories are those of upstreams. */
export class ProxyRegistry implements Registry {
  readonly #storage: Storage;
  readonly #sources: readonly Source[];

  /** @param finishDownloads whether a download goes on that nobody waits for any more */
  constructor(storage: Storage, upstreams: readonly ProxyUpstream[], finishDownloads: boolean, log: Logger) {
    this.#storage = storage;
    const downloads = new Downloads(storage, finishDownloads, log);
    this.#sources = upstreams.map((upstream) => createSource(storage, upstream, downloads));
  }

  pull(name: RepositoryName, namespace?: string): PullRepository {
    const source = this.#sourceOf(name, namespace);
    const remote = remoteNameOf(name, source.names);
    const heard = namespace !== undefined && source.names.namespaces.includes(namespace) ? namespace : undefined;
    return new ProxiedRepository(storedNameOf(remote, source.names), source.cache, heard);
  }

  push(name: RepositoryName): PushRepository {
    throw new RegistryError(
      "UNSUPPORTED",
      "this registry only caches others (mode: proxy), so nothing can be pushed to it; set mode: private in its configuration to push here",
      { detail: { name, mode: "proxy" } },
    );
  }

  async catalog(page: Page): Promise<PageOf<string>> {
    return pageOf(await this.#storage.catalog.names(), page);
  }

  /** The upstream that the path names, else the one that the client says it means, else the default. */
  #sourceOf(name: RepositoryName, namespace: string | undefined): Source {
    const named = this.#sources.find(({ names }) => isUnderPrefix(name, names));
    if (named !== undefined) return named;
    const meant = this.#sources.find(({ names }) =>
      namespace === undefined ? names.isDefault : names.namespaces.includes(namespace),
    );
    if (meant !== undefined) return meant;
    throw new RegistryError("NAME_UNKNOWN", unknownSource(name, namespace), { detail: { name, namespace } });
  }
}

function createSource(storage: Storage, settings: ProxyUpstream, downloads: Downloads): Source {
  const cached: CachedUpstream = { ...settings, remoteName: (stored) => remoteNameOfStored(stored, settings) };
  const sizes = new KnownSizes();
  const ownership = new Ownership(storage, settings.upstream.name);
  return {
    names: settings,
    cache: {
      upstream: settings.upstream,
      ownership,
      manifests: new ManifestCache(new KeptManifests(storage, ownership), cached, sizes),
      blobs: new BlobCache(storage, cached, { downloads, sizes, ownership }),
      lists: new ListCache(storage, cached),
    },
  };
}

function unknownSource(name: RepositoryName, namespace: string | undefined): string {
  return namespace === undefined
    ? `${name} names no upstream of this registry, and proxy.default is not set`
    : `no upstream of this registry is called ${namespace.slice(0, 255)}`;
}
