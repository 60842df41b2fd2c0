import type { Digest } from "../oci/digest.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob, ResolvedManifest } from "../registry/repository.js";
import type { WantedSpan } from "../registry/span-reader.js";
import { blobType } from "./event.js";
import type { PullEvents } from "./pull-events.js";

/** A repository whose pulls become events. A HEAD, a view of the page, and a part of a blob are no pulls. */
export class PulledRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly namespace?: string | undefined;
  readonly #repository: PullRepository;
  readonly #events: PullEvents;

  constructor(repository: PullRepository, events: PullEvents) {
    this.name = repository.name;
    this.namespace = repository.namespace;
    this.#repository = repository;
    this.#events = events;
  }

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const manifest = await this.#repository.getManifest(reference, context);
    const tag = isDigestReference(reference) ? undefined : reference;
    if (!context.onlyLooks) this.#events.add(this.name, tag, manifest.descriptor, context);
    return manifest;
  }

  async openBlob(digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob> {
    const blob = await this.#repository.openBlob(digest, wanted, context);
    if (blob.content.span === undefined && !context.onlyLooks)
      this.#events.add(this.name, undefined, { mediaType: blobType, digest, size: blob.size }, context);
    return blob;
  }

  resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    return this.#repository.resolveManifest(reference, context);
  }

  statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    return this.#repository.statBlob(digest, context);
  }

  listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#repository.listTags(page, context);
  }

  listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage> {
    return this.#repository.listReferrers(subject, query, context);
  }
}
