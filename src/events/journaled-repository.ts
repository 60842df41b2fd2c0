import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import type { Reference, Tag } from "../oci/reference.js";
import { isDigestReference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type {
  Chunk,
  IncomingContent,
  Manifest,
  OpenedBlob,
  PushedManifest,
  PushRepository,
  PutManifest,
  ResolvedBlob,
  ResolvedManifest,
  UploadSession,
  Uploads,
} from "../registry/repository.js";
import type { WantedSpan } from "../registry/span-reader.js";
import { blobType } from "./event.js";
import type { EventJournal } from "./event-journal.js";

/** A repository whose changes become events, once they are done and before the client hears of it. */
export class JournaledRepository implements PushRepository {
  readonly name: RepositoryName;
  readonly namespace?: string | undefined;
  readonly uploads: Uploads;
  readonly #repository: PushRepository;
  readonly #journal: EventJournal;

  constructor(repository: PushRepository, journal: EventJournal) {
    this.name = repository.name;
    this.namespace = repository.namespace;
    this.#repository = repository;
    this.#journal = journal;
    this.uploads = new JournaledUploads(repository.uploads, (digest, context) => this.#noteBlob(digest, context));
  }

  async putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    const pushed = await this.#repository.putManifest(manifest, context);
    const { digest, moved } = pushed;
    const mediaType = manifest.contentType ?? typeIn(manifest.bytes);
    const target = { mediaType, digest, size: manifest.bytes.length, repository: this.name };
    const tags = isDigestReference(manifest.reference) ? manifest.tags : [manifest.reference];
    if (tags.length === 0) await this.#journal.note("push", target, context);
    for (const tag of tags) {
      const previousDigest = moved.find((each) => each.tag === tag)?.from;
      await this.#journal.note("push", { ...target, tag, previousDigest }, context);
    }
    return pushed;
  }

  async deleteTag(tag: Tag, context: Context): Promise<Digest> {
    const previousDigest = await this.#repository.deleteTag(tag, context);
    await this.#journal.note("delete", { repository: this.name, tag, previousDigest }, context);
    return previousDigest;
  }

  async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    const tags = await this.#repository.deleteManifest(digest, context);
    const repository = this.name;
    for (const tag of tags) await this.#journal.note("delete", { repository, tag, previousDigest: digest }, context);
    await this.#journal.note("delete", { repository, digest }, context);
    return tags;
  }

  async deleteBlob(digest: Digest, context: Context): Promise<void> {
    await this.#repository.deleteBlob(digest, context);
    await this.#journal.note("delete", { repository: this.name, digest }, context);
  }

  async putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    await this.#repository.putBlob(digest, content, context);
    await this.#noteBlob(digest, context);
  }

  async mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    const isMounted = await this.#repository.mountBlob(digest, from, context);
    if (isMounted) {
      const target = { ...(await this.#blob(digest, context)), fromRepository: from };
      await this.#journal.note("mount", target, context);
    }
    return isMounted;
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

  async #noteBlob(digest: Digest, context: Context): Promise<void> {
    await this.#journal.note("push", await this.#blob(digest, context), context);
  }

  /** Its size is of no use to most: one that cannot be told now is left out. */
  async #blob(digest: Digest, context: Context) {
    const found = await this.#repository.statBlob(digest, context).catch(() => undefined);
    return { mediaType: blobType, digest, size: found?.size, repository: this.name };
  }
}

/** Upload sessions, of which the last step is told. */
class JournaledUploads implements Uploads {
  readonly #uploads: Uploads;
  readonly #note: (digest: Digest, context: Context) => Promise<void>;

  constructor(uploads: Uploads, note: (digest: Digest, context: Context) => Promise<void>) {
    this.#uploads = uploads;
    this.#note = note;
  }

  start(algorithm: DigestAlgorithm, context: Context): Promise<UploadSession> {
    return this.#uploads.start(algorithm, context);
  }

  get(id: string, context: Context): Promise<UploadSession> {
    return this.#uploads.get(id, context);
  }

  append(id: string, chunk: Chunk, context: Context): Promise<UploadSession> {
    return this.#uploads.append(id, chunk, context);
  }

  async finish(id: string, digest: Digest, chunk: Chunk, context: Context): Promise<void> {
    await this.#uploads.finish(id, digest, chunk, context);
    await this.#note(digest, context);
  }

  cancel(id: string, context: Context): Promise<void> {
    return this.#uploads.cancel(id, context);
  }
}

/** What was pushed is valid JSON; a client that named no type has written it inside, or it is not known. */
function typeIn(bytes: Buffer): string | undefined {
  const manifest: { mediaType?: unknown } = JSON.parse(bytes.toString());
  return typeof manifest.mediaType === "string" ? manifest.mediaType : undefined;
}
