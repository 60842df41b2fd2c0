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
import type { Ownership } from "./ownership.js";

/** What is kept of one upstream. */
export interface UpstreamCache {
  readonly ownership: Ownership;
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

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const { manifests, ownership } = this.#cache;
    await ownership.check(this.name);
    return isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.getByTag(this.name, reference, context);
  }

  async statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    await this.#cache.ownership.check(this.name);
    return this.#cache.blobs.stat(this.name, digest, context);
  }

  async openBlob(digest: Digest, context: Context): Promise<OpenedBlob> {
    await this.#cache.ownership.check(this.name);
    return this.#cache.blobs.open(this.name, digest, context);
  }

  async listTags(page: Page, context: Context): Promise<PageOf<string>> {
    await this.#cache.ownership.check(this.name);
    return this.#cache.lists.listTags(this.name, page, context);
  }

  async listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<PageOf<Descriptor>> {
    await this.#cache.ownership.check(this.name);
    return this.#cache.lists.listReferrers(this.name, subject, query, context);
  }
}
