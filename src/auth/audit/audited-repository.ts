import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { Context } from "../../registry/context.js";
import type { PushedManifest, PushRepository, PutManifest } from "../../registry/repository.js";
import { RepositoryDecorator } from "../../registry/repository-decorator.js";
import { type AuditTrail, actorOf } from "./audit-trail.js";

/**
 * A repository that records changes in the audit trail: to manifests and tags, and deletions of blobs. Uploads are not
 * recorded: the manifest that references a blob is.
 */
export class AuditedRepository extends RepositoryDecorator {
  readonly #trail: AuditTrail;

  constructor(repository: PushRepository, trail: AuditTrail) {
    super(repository);
    this.#trail = trail;
  }

  override async putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    await this.#trail.ready();
    const pushed = await super.putManifest(manifest, context);
    const actor = this.#actorOf(context);
    await this.#trail.write([
      { event: "manifest pushed", ...actor, digest: pushed.digest },
      ...pushed.moved.map(({ tag, from }) => ({ event: "tag moved", ...actor, tag, from, to: pushed.digest }) as const),
    ]);
    return pushed;
  }

  override async deleteTag(tag: Tag, context: Context, mayGo?: () => Promise<boolean>): Promise<Digest> {
    await this.#trail.ready();
    const from = await super.deleteTag(tag, context, mayGo);
    await this.#trail.write([{ event: "tag deleted", ...this.#actorOf(context), tag, from }]);
    return from;
  }

  override async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    await this.#trail.ready();
    const tags = await super.deleteManifest(digest, context);
    const actor = this.#actorOf(context);
    await this.#trail.write([
      { event: "manifest deleted", ...actor, digest },
      ...tags.map((tag) => ({ event: "tag deleted", ...actor, tag, from: digest }) as const),
    ]);
    return tags;
  }

  override async deleteBlob(digest: Digest, context: Context): Promise<void> {
    await this.#trail.ready();
    await super.deleteBlob(digest, context);
    await this.#trail.write([{ event: "blob deleted", ...this.#actorOf(context), digest }]);
  }

  #actorOf(context: Context) {
    return { ...actorOf(context), repository: this.name };
  }
}
