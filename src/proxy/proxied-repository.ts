import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Page, PageOf, ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob, ResolvedManifest } from "../registry/repository.js";
import type { BlobCache } from "./blob-cache.js";
import type { ListCache } from "./list-cache.js";
import type { ManifestCache } from "./manifest-cache.js";

/** What is kept of one upstream. */
export interface UpstreamCache {
  readonly manifests: ManifestCache;
  readonly blobs: BlobCache;
  readonly lists: ListCache;
}

/** A repository of an upstream: what is pulled from it is fetched once, and kept. */
export class ProxiedRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly #cache: UpstreamCache;

  constructor(name: RepositoryName, cache: UpstreamCache) {
    this.name = name;
    this.#cache = cache;
  }

  resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    return this.getManifest(reference, context);
  }

  getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const { manifests } = this.#cache;
    return isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.getByTag(this.name, reference, context);
  }

  statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    return this.#cache.blobs.stat(this.name, digest, context);
  }

  openBlob(digest: Digest, context: Context): Promise<OpenedBlob> {
    return this.#cache.blobs.open(this.name, digest, context);
  }

  listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#cache.lists.listTags(this.name, page, context);
  }

  listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<PageOf<Descriptor>> {
    return this.#cache.lists.listReferrers(this.name, subject, query, context);
  }
}
