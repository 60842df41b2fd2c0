import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { actorOf, type Context } from "../registry/context.js";
import type {
  IncomingContent,
  Manifest,
  OpenedBlob,
  PushedManifest,
  PushRepository,
  PutManifest,
  ResolvedBlob,
  ResolvedManifest,
  Served,
  Uploads,
} from "../registry/repository.js";
import { SpanReader, type WantedSpan } from "../registry/span-reader.js";
import { listReferrers } from "../storage/content/referrer-list.js";
import type { RepositoryContent } from "../storage/content/repository-content.js";
import type { Storage } from "../storage/storage.js";
import { findHolder } from "./blob-holder.js";
import { writeFallbackTag } from "./fallback-tag.js";
import { checkMediaType, checkReferences, type PrivateRules } from "./manifest-rules.js";
import type { NameResolution } from "./name-resolution.js";
import { NotFoundErrors } from "./not-found-errors.js";
import { receiveBlob } from "./proved-blob.js";
import type { Quotas } from "./quotas.js";
import { type ReadPush, readPush } from "./read-push.js";
import type { RunningUploads } from "./running-uploads.js";
import { storeManifest } from "./store-manifest.js";
import type { StoringRules } from "./storing-rules.js";
import { noGuardedTags, TagGuard } from "./tag-guard.js";
import { UploadSessions } from "./upload-sessions.js";

const fromStorage: Served = { from: "storage" };

export interface PrivateRepositoryParts {
  readonly rules: PrivateRules;
  readonly running: RunningUploads;
  readonly resolution: NameResolution;
  readonly quotas: Quotas;
}

/** A private repository: clients push to it, and pull what was pushed. */
export class PrivateRepository implements PushRepository {
  readonly name: RepositoryName;
  readonly #storage: Storage;
  readonly #parts: PrivateRepositoryParts;

  constructor(name: RepositoryName, storage: Storage, parts: PrivateRepositoryParts) {
    this.name = name;
    this.#storage = storage;
    this.#parts = parts;
  }

  get #notFound(): NotFoundErrors {
    return new NotFoundErrors(this.name, this.#parts.resolution);
  }

  get #content(): RepositoryContent {
    return this.#storage.repository(this.name);
  }

  get #guard(): TagGuard {
    return new TagGuard(this.#storage, this.name, this.#parts.rules.guardedTagsOf?.(this.name) ?? noGuardedTags);
  }

  get uploads(): Uploads {
    return new UploadSessions(this.#storage, this.name, this.#parts.running, this.#storing);
  }

  get #storing(): StoringRules {
    return this.#parts.quotas.storingIn(this.name, () => this.beforeStoring());
  }

  /**
   * Called when a push is valid, before anything of it becomes part of the repository.
   * @returns whether content of the repository could have been evicted until now
   */
  protected async beforeStoring(): Promise<boolean> {
    return false;
  }

  /** A client that finds a manifest here does not push it, nor what it references. */
  async resolveManifest(reference: Reference): Promise<ResolvedManifest> {
    const found = await this.#find(reference);
    if (await this.#storage.manifests.claim(this.name, found.descriptor.digest)) return found;
    throw this.#notFound.ofManifest(reference);
  }

  async getManifest(reference: Reference, { onlyLooks }: Context): Promise<Manifest> {
    const found = await this.#find(reference);
    if (!onlyLooks) this.#storage.uses.pulls.note(this.name, found.descriptor.digest, Date.now());
    return found;
  }

  async #find(reference: Reference): Promise<Manifest> {
    const digest = isDigestReference(reference) ? reference : await this.#storage.tags.findRecent(this.name, reference);
    const found = digest && (await this.#storage.manifests.find(this.name, digest));
    if (found === undefined) throw this.#notFound.ofManifest(reference);
    return { descriptor: found.descriptor, bytes: found.bytes, served: fromStorage };
  }

  async statBlob(digest: Digest): Promise<ResolvedBlob> {
    const found = await this.#content.claimBlob(digest);
    if (found === undefined) throw this.#notFound.ofBlob(digest);
    return { digest, size: found.size, served: fromStorage };
  }

  async openBlob(digest: Digest, wanted: WantedSpan): Promise<OpenedBlob> {
    const reader = await this.#content.openBlob(digest);
    if (reader === undefined) throw this.#notFound.ofBlob(digest);
    const content = await SpanReader.open(reader, wanted);
    return { digest, size: reader.size, content, served: fromStorage };
  }

  async listTags(page: Page): Promise<PageOf<string>> {
    const tags = await this.#storage.tags.page(this.name, page);
    if (tags.items.length === 0 && !(await this.#content.holdsContent())) {
      throw this.#notFound.ofRepository();
    }
    return tags;
  }

  listReferrers(subject: Digest, query: ReferrersQuery): Promise<ReferrersPage> {
    return listReferrers(this.#storage, this.name, subject, query);
  }

  async putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    const { signal, log } = context;
    const into = { storage: this.#storage, storing: this.#storing, signal };
    const size = await receiveBlob(digest, content, into, (staged) => this.#content.addBlob(digest, staged));
    log.info("blob pushed", { repository: this.name, digest, size });
  }

  async mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    const source = await findHolder(this.#storage, digest, {
      from,
      resolution: this.#parts.resolution,
      access: context.access,
    });
    if (source === undefined) return false;
    const link = () => this.beforeStoring().then(() => this.#content.linkBlob(digest));
    const size = (await this.#storage.blobs.size(digest)) ?? 0;
    if (!(await this.#parts.quotas.admit({ name: this.name, digest, size }, link))) return false;
    context.log.info("blob mounted", { repository: this.name, digest, from: source });
    return true;
  }

  putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    return readPush(manifest, context.signal, (push) => this.#put(push, manifest, context));
  }

  async #put(
    { digest, content, bytes }: ReadPush,
    { reference, tags: more }: PutManifest,
    context: Context,
  ): Promise<PushedManifest> {
    const { signal } = context;
    checkMediaType(content, this.#parts.rules);
    const held = { storage: this.#storage, name: this.name, rules: this.#parts.rules, signal };
    const tags = isDigestReference(reference) ? more : [reference, ...more];
    const guard = this.#guard;
    await guard.refuseMoves(tags, digest);
    await checkReferences(content, held);
    const stored = { descriptor: { mediaType: content.mediaType, digest, size: bytes.length }, bytes };
    const by = actorOf(context);
    const into = { repository: this.#content, guard, writeFallbackTag: this.#writeFallbackTag.bind(this) };
    const store = async () => {
      if (await this.beforeStoring()) await checkReferences(content, held);
      return this.#storage.withRoom(() => storeManifest({ manifest: stored, content, tags, by }, into));
    };
    const added = { name: this.name, digest, size: bytes.length };
    const moved = await guard.whileMoving(tags, digest, () => this.#parts.quotas.admit(added, store));
    context.log.info("manifest pushed", { repository: this.name, reference, digest, tags: more });
    return { digest, mediaType: content.mediaType, subject: content.subject?.digest, moved };
  }

  async deleteTag(tag: Tag, context: Context, mayGo?: () => Promise<boolean>): Promise<Digest> {
    this.#refuseUnlessDeletable();
    await this.#guard.refuseDeletion(tag);
    const pointedAt = await this.#storage.withRoom(() =>
      this.#storage.tags.removal.remove(this.name, tag, actorOf(context), mayGo),
    );
    if (pointedAt === undefined) throw this.#notFound.ofManifest(tag);
    context.log.info("tag deleted", { repository: this.name, tag });
    return pointedAt;
  }

  async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    this.#refuseUnlessDeletable();
    if (!(await this.#content.hasManifest(digest))) throw this.#notFound.ofManifest(digest);
    const { tags, subject } = await this.#guard.deleteManifest(digest, () =>
      this.#storage.withRoom(() => this.#content.removeManifest(digest, actorOf(context))),
    );
    if (subject !== undefined) await this.#storage.withRoom(() => this.#writeFallbackTag(subject));
    await this.#parts.quotas.noteRemoval(this.name);
    context.log.info("manifest deleted", { repository: this.name, digest });
    return tags;
  }

  async deleteBlob(digest: Digest, context: Context): Promise<void> {
    this.#refuseUnlessDeletable();
    if ((await this.#content.findBlob(digest)) === undefined) throw this.#notFound.ofBlob(digest);
    await this.#storage.withRoom(() => this.#content.removeBlob(digest));
    await this.#parts.quotas.noteRemoval(this.name);
    context.log.info("blob deleted", { repository: this.name, digest });
  }

  /** Before the tags move, so that a client that sees the manifest by its tag also finds it by the tag of its subject. */
  async #writeFallbackTag(subject: Digest): Promise<void> {
    if (this.#parts.rules.referrersTag !== true) return;
    await writeFallbackTag(this.#storage, this.name, subject, (query) => this.listReferrers(subject, query));
  }

  #refuseUnlessDeletable(): void {
    if (this.#parts.rules.delete) return;
    throw new RegistryError("UNSUPPORTED", "deletion is disabled in this registry; private.delete: true enables it");
  }
}
