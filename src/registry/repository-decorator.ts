import type { Digest } from "../oci/digest.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import type { Reference, Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action } from "./access.js";
import type { Context } from "./context.js";
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
} from "./repository.js";
import type { WantedSpan } from "./span-reader.js";

/**
 * A repository in front of another, for subclasses that change some methods. Each method forwards to what `with` returns
 * for its action, so that a subclass can refuse the action there.
 */
export abstract class RepositoryDecorator implements PushRepository {
  readonly name: RepositoryName;
  readonly namespace?: string | undefined;
  protected readonly repository: PushRepository;

  constructor(repository: PushRepository, namespace = repository.namespace) {
    this.name = repository.name;
    this.namespace = namespace;
    this.repository = repository;
  }

  /** Cancelling an upload is part of a push, not a deletion. */
  get uploads(): Uploads {
    return {
      start: async (algorithm, context) => this.with("push", context).uploads.start(algorithm, context),
      get: async (id, context) => this.with("push", context).uploads.get(id, context),
      append: async (id, chunk, context) => this.with("push", context).uploads.append(id, chunk, context),
      finish: async (id, digest, chunk, context) =>
        this.with("push", context).uploads.finish(id, digest, chunk, context),
      cancel: async (id, context) => this.with("push", context).uploads.cancel(id, context),
    };
  }

  async resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    return this.with("pull", context).resolveManifest(reference, context);
  }

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    return this.with("pull", context).getManifest(reference, context);
  }

  async statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    return this.with("pull", context).statBlob(digest, context);
  }

  async openBlob(digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob> {
    return this.with("pull", context).openBlob(digest, wanted, context);
  }

  async listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return this.with("pull", context).listTags(page, context);
  }

  async listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage> {
    return this.with("pull", context).listReferrers(subject, query, context);
  }

  async putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    return this.with("push", context).putBlob(digest, content, context);
  }

  async mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    return this.with("push", context).mountBlob(digest, from, context);
  }

  async putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    return this.with("push", context).putManifest(manifest, context);
  }

  async deleteTag(tag: Tag, context: Context, mayGo?: () => Promise<boolean>): Promise<Digest> {
    return this.with("delete", context).deleteTag(tag, context, mayGo);
  }

  async deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]> {
    return this.with("delete", context).deleteManifest(digest, context);
  }

  async deleteBlob(digest: Digest, context: Context): Promise<void> {
    return this.with("delete", context).deleteBlob(digest, context);
  }

  /** The other repository, if the client may perform the action. @throws RegistryError */
  protected with(_action: Action, _context: Context): PushRepository {
    return this.repository;
  }
}
