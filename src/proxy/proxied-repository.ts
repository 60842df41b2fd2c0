import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf, ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob, ResolvedManifest } from "../registry/repository.js";
import type { Upstream } from "../upstream/upstream.js";
import type { BlobCache } from "./blob-cache.js";
import type { ListCache } from "./list-cache.js";
import type { ManifestCache } from "./manifest-cache.js";
import type { Ownership } from "./ownership.js";

/** What is kept of one upstream. */
export interface UpstreamCache {
  readonly upstream: Upstream;
  readonly ownership: Ownership;
  readonly manifests: ManifestCache;
  readonly blobs: BlobCache;
  readonly lists: ListCache;
}

/** A repository of an upstream: what is pulled from it is fetched once, and kept. */
export class ProxiedRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly namespace: string | undefined;
  readonly #cache: UpstreamCache;

  /** @param namespace what the client called the upstream, in `?ns=` */
  constructor(name: RepositoryName, cache: UpstreamCache, namespace: string | undefined) {
    this.name = name;
    this.namespace = namespace;
    this.#cache = cache;
  }

  async resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    const { manifests } = await this.#admit(context);
    return isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.resolveTag(this.name, reference, context);
  }

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const { manifests } = await this.#admit(context);
    return isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.getByTag(this.name, reference, context);
  }

  async statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    const { blobs } = await this.#admit(context);
    return blobs.stat(this.name, digest, context);
  }

  async openBlob(digest: Digest, context: Context): Promise<OpenedBlob> {
    const { blobs } = await this.#admit(context);
    return blobs.open(this.name, digest, context);
  }

  async listTags(page: Page, context: Context): Promise<PageOf<string>> {
    const { lists } = await this.#admit(context);
    return lists.listTags(this.name, page, context);
  }

  async listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<PageOf<Descriptor>> {
    const { lists } = await this.#admit(context);
    return lists.listReferrers(this.name, subject, query, context);
  }

  /** @throws RegistryError if the request came from here by way of other caches, or what lies here is another owner's */
  async #admit({ via }: Context): Promise<UpstreamCache> {
    const { upstream, ownership } = this.#cache;
    if (upstream.comesFromHere(via)) {
      const message = `${upstream.name} asks this registry for what this registry asks of it: its url leads back here`;
      throw new RegistryError("UNAVAILABLE", message, { status: 508, detail: { upstream: upstream.name } });
    }
    await ownership.check(this.name);
    return this.#cache;
  }
}
