import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { IncomingContent, PushedManifest, PutManifest, Uploads } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import { PrivateRepository, type PrivateRepositoryParts } from "./private-repository.js";

/**
 * A repository that was cached from an upstream and is ours as soon as something is pushed to it: no eviction may touch
 * it then. Who only asks, cancels or deletes leaves it to the cache.
 */
export class AdoptedRepository extends PrivateRepository {
  readonly #storage: Storage;

  constructor(name: RepositoryName, storage: Storage, parts: PrivateRepositoryParts) {
    super(name, storage, parts);
    this.#storage = storage;
  }

  override get uploads(): Uploads {
    const uploads = super.uploads;
    return {
      start: (algorithm, context) => this.#becomingOurs(() => uploads.start(algorithm, context)),
      get: (id, context) => uploads.get(id, context),
      append: (id, chunk, context) => this.#becomingOurs(() => uploads.append(id, chunk, context)),
      finish: (id, digest, chunk, context) => this.#becomingOurs(() => uploads.finish(id, digest, chunk, context)),
      cancel: (id, context) => uploads.cancel(id, context),
    };
  }

  override putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void> {
    return this.#becomingOurs(() => super.putBlob(digest, content, context));
  }

  override mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    return this.#becomingOurs(() => super.mountBlob(digest, from, context));
  }

  override putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest> {
    return this.#becomingOurs(() => super.putManifest(manifest, context));
  }

  /** Before anything is stored: what is acknowledged must not have been evicted meanwhile. */
  async #becomingOurs<Result>(push: () => Promise<Result>): Promise<Result> {
    await this.#storage.cache.forgetOwner(this.name);
    return push();
  }
}
