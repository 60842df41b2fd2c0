import type { Digest } from "../../oci/digest.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../../oci/listing.js";
import type { Reference, Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Context } from "../../registry/context.js";
import type {
  IncomingContent,
  Manifest,
  OpenedBlob,
  PushedManifest,
  PushRepository,
  PutManifest,
  ResolvedBlob,
  ResolvedManifest,
  Uploads,
} from "../../registry/repository.js";
import type { WantedSpan } from "../../registry/span-reader.js";
import { type AuditTrail, actorOf } from "./audit-trail.js";

/** A repository that records changes in the audit trail: to manifests and tags, and deletions of blobs. */
export class AuditedRepository implements PushRepository {
  readonly name: RepositoryName;
  readonly namespace?: string | undefined;
  readonly #repository: PushRepository;
  readonly #trail: AuditTrail;

  constructor(repository: PushRepository, trail: AuditTrail) {
    this.name = repository.name;
    this.namespace = repository.namespace;
    this.#repository = repository;
    this.#trail = trail;
  }

  /** Uploads are not recorded: the manifest that references a blob is. */
  get uploads(): Uploads {
    return this.#repository.uploads;
  }

  async putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    await this.#trail.ready();
    const pushed = await this.#repository.putManifest(manifest, context);
    const actor = this.#actorOf(context);
    await this.#trail.write([
      { event: "manifest pushed", ...actor, digest: pushed.digest },
      ...pushed.moved.map(({ tag, from }) => ({ event: "tag moved", ...actor, tag, from, to: pushed.digest }) as const),
    ]);
    return pushed;
  }

  async deleteTag(tag: Tag, context: Context): Promise<Digest> {
    await this.#trail.ready();
    const from = await this.#repository.deleteTag(tag, context);
    await this.#trail.write([{ event: "tag deleted", ...this.#actorOf(context), tag, from }]);
    return from;
  }

  async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    await this.#trail.ready();
    const tags = await this.#repository.deleteManifest(digest, context);
    const actor = this.#actorOf(context);
    await this.#trail.write([
      { event: "manifest deleted", ...actor, digest },
      ...tags.map((tag) => ({ event: "tag deleted", ...actor, tag, from: digest }) as const),
    ]);
    return tags;
  }

  async deleteBlob(digest: Digest, context: Context): Promise<void> {
    await this.#trail.ready();
    await this.#repository.deleteBlob(digest, context);
    await this.#trail.write([{ event: "blob deleted", ...this.#actorOf(context), digest }]);
  }

  putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    return this.#repository.putBlob(digest, content, context);
  }

  mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    return this.#repository.mountBlob(digest, from, context);
  }

  resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    return this.#repository.resolveManifest(reference, context);
  }

  getManifest(reference: Reference, context: Context): Promise<Manifest> {
    return this.#repository.getManifest(reference, context);
  }

  statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    return this.#repository.statBlob(digest, context);
  }

  openBlob(digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob> {
    return this.#repository.openBlob(digest, wanted, context);
  }

  listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#repository.listTags(page, context);
  }

  listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage> {
    return this.#repository.listReferrers(subject, query, context);
  }

  #actorOf(context: Context) {
    return { ...actorOf(context), repository: this.name };
  }
}
