import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { type Page, type PageOf, pageOf, type ReferrersPage, type ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob, ResolvedManifest } from "../registry/repository.js";
import type { Upstream } from "../upstream/upstream.js";
import type { BlobCache } from "./blob-cache.js";
import type { RepositoryRules } from "./content-rules.js";
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

interface ProxiedRepositoryOptions {
  readonly rules: RepositoryRules;
  /** What the client called the upstream, in `?ns=`. */
  readonly namespace: string | undefined;
}

/** A repository of an upstream: what is pulled from it is fetched once, and kept. */
export class ProxiedRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly namespace: string | undefined;
  readonly #cache: UpstreamCache;
  readonly #rules: RepositoryRules;

  constructor(name: RepositoryName, cache: UpstreamCache, { rules, namespace }: ProxiedRepositoryOptions) {
    this.name = name;
    this.namespace = namespace;
    this.#cache = cache;
    this.#rules = rules;
  }

  async resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    const { manifests } = this.#cache;
    if (isDigestReference(reference)) return manifests.getByDigest(this.name, reference, context);
    this.#refuseUnlessAllowed(reference);
    return manifests.resolveTag(this.name, reference, context);
  }

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const { manifests } = this.#cache;
    if (isDigestReference(reference)) return manifests.getByDigest(this.name, reference, context);
    this.#refuseUnlessAllowed(reference);
    return manifests.getByTag(this.name, reference, context);
  }

  statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    return this.#cache.blobs.stat(this.name, digest, context);
  }

  openBlob(digest: Digest, context: Context): Promise<OpenedBlob> {
    return this.#cache.blobs.open(this.name, digest, context);
  }

  async listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return pageOf(this.#rules.allowed(await this.#cache.lists.tags(this.name, context)), page);
  }

  listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage> {
    return this.#cache.lists.listReferrers(this.name, subject, query, context);
  }

  #refuseUnlessAllowed(tag: Tag): void {
    if (this.#rules.allows(tag)) return;
    const { name } = this.#cache.upstream;
    const message = `the tag ${tag} of ${this.name} may not be pulled here: allow and deny of the upstream ${name} say so`;
    throw new RegistryError("DENIED", message, { detail: { name: this.name, tag, upstream: name } });
  }
}
