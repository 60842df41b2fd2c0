import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import { isDigestReference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { IncomingContent, PushedManifest, PushRepository, PutManifest, Uploads } from "../registry/repository.js";
import { RepositoryDecorator } from "../registry/repository-decorator.js";
import { blobType } from "./event.js";
import type { EventJournal } from "./event-journal.js";

/** A repository whose changes become events, once they are done and before the client hears of it. */
export class JournaledRepository extends RepositoryDecorator {
  readonly #journal: EventJournal;

  constructor(repository: PushRepository, journal: EventJournal) {
    super(repository);
    this.#journal = journal;
  }

  override get uploads(): Uploads {
    const uploads = super.uploads;
    return {
      ...uploads,
      finish: async (id, digest, chunk, context) => {
        await uploads.finish(id, digest, chunk, context);
        await this.#noteBlob(digest, context);
      },
    };
  }

  override async putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    // The bytes may be gone afterwards.
    const size = manifest.bytes.length;
    const pushed = await this.repository.putManifest(manifest, context);
    const { digest, mediaType, moved } = pushed;
    const target = { mediaType, digest, size, repository: this.name };
    const tags = isDigestReference(manifest.reference) ? manifest.tags : [manifest.reference];
    if (tags.length === 0) await this.#journal.note("push", target, context);
    for (const tag of tags) {
      const previousDigest = moved.find((each) => each.tag === tag)?.from;
      await this.#journal.note("push", { ...target, tag, previousDigest }, context);
    }
    return pushed;
  }

  override async deleteTag(tag: Tag, context: Context, mayGo?: () => Promise<boolean>): Promise<Digest> {
    const previousDigest = await this.repository.deleteTag(tag, context, mayGo);
    await this.#journal.note("delete", { repository: this.name, tag, previousDigest }, context);
    return previousDigest;
  }

  override async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    const tags = await this.repository.deleteManifest(digest, context);
    const repository = this.name;
    for (const tag of tags) await this.#journal.note("delete", { repository, tag, previousDigest: digest }, context);
    await this.#journal.note("delete", { repository, digest }, context);
    return tags;
  }

  override async deleteBlob(digest: Digest, context: Context): Promise<void> {
    await this.repository.deleteBlob(digest, context);
    await this.#journal.note("delete", { mediaType: blobType, repository: this.name, digest }, context);
  }

  override async putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    await this.repository.putBlob(digest, content, context);
    await this.#noteBlob(digest, context);
  }

  override async mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    const isMounted = await this.repository.mountBlob(digest, from, context);
    if (isMounted) {
      const target = { ...(await this.#blob(digest, context)), fromRepository: from };
      await this.#journal.note("mount", target, context);
    }
    return isMounted;
  }

  async #noteBlob(digest: Digest, context: Context): Promise<void> {
    await this.#journal.note("push", await this.#blob(digest, context), context);
  }

  /** Its size is of no use to most: one that cannot be told now is left out. */
  async #blob(digest: Digest, context: Context) {
    const found = await this.repository.statBlob(digest, context).catch(() => undefined);
    return { mediaType: blobType, digest, size: found?.size, repository: this.name };
  }
}
