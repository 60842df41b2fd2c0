import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { OpenedBlob, ResolvedBlob } from "../registry/repository.js";
import { isOutOfRoom } from "../storage/driver.js";
import { layout } from "../storage/layout.js";
import type { Storage } from "../storage/storage.js";
import type { CachedUpstream } from "./cached-upstream.js";
import type { Downloads } from "./downloads/downloads.js";
import type { KnownSizes } from "./known-sizes.js";
import type { Ownership } from "./ownership.js";
import { toRegistryError } from "./upstream-failure.js";

interface BlobCacheParts {
  readonly downloads: Downloads;
  readonly sizes: KnownSizes;
  readonly ownership: Ownership;
}

/** The blobs of an upstream's repositories. */
export class BlobCache {
  readonly #storage: Storage;
  readonly #source: CachedUpstream;
  readonly #downloads: Downloads;
  readonly #sizes: KnownSizes;
  readonly #ownership: Ownership;

  constructor(storage: Storage, source: CachedUpstream, parts: BlobCacheParts) {
    this.#storage = storage;
    this.#source = source;
    this.#downloads = parts.downloads;
    this.#sizes = parts.sizes;
    this.#ownership = parts.ownership;
  }

  async stat(name: RepositoryName, digest: Digest, context: Context): Promise<ResolvedBlob> {
    const linked = await this.#storage.findBlob(name, digest);
    if (linked !== undefined) return { digest, size: linked.size, served: { from: "hit" } };
    const known = this.#sizes.get(name, digest);
    const size = known ?? (await this.#ask(name, digest, context)).size;
    if (size === undefined) throw this.#unknown(name, digest);
    return { digest, size, served: { from: "miss" } };
  }

  /** Storage, else the one download of this blob. */
  async open(name: RepositoryName, digest: Digest, context: Context): Promise<OpenedBlob> {
    const linked = await this.#openLinked(name, digest);
    if (linked !== undefined) return linked;
    if ((await this.#storage.blobs.size(digest)) !== undefined) {
      // Bytes that another repository holds are this one's only if its upstream says that it has them, too.
      await this.#ask(name, digest, context);
      await this.#link(name, digest);
      const reader = await this.#storage.blobs.open(digest);
      if (reader !== undefined) return { digest, size: reader.size, reader, served: { from: "hit" } };
    }
    return this.#download(name, digest, context);
  }

  async #openLinked(name: RepositoryName, digest: Digest): Promise<OpenedBlob | undefined> {
    const content = await this.#storage.links.find(layout.layerLink(name, digest));
    const reader = content && (await this.#storage.blobs.open(content));
    return reader && { digest, size: reader.size, reader, served: { from: "hit" } };
  }

  async #link(name: RepositoryName, digest: Digest): Promise<void> {
    try {
      await this.#ownership.record(name);
      await this.#storage.linkBlob(name, digest);
    } catch (error) {
      // Then the upstream is asked again the next time.
      if (!isOutOfRoom(error)) throw error;
    }
  }

  async #download(name: RepositoryName, digest: Digest, context: Context): Promise<OpenedBlob> {
    const { upstream } = this.#source;
    const size = this.#sizes.get(name, digest);
    const order = { upstream, remoteName: this.#source.remoteName(name), name, digest, size, via: context.via };
    // Also of what is only on its way for another repository nothing is given out unless this one's upstream has it.
    if (this.#downloads.runsElsewhere(order)) await this.#ask(name, digest, context);
    try {
      const { reader, isShared } = await this.#downloads.join(order, context);
      return { digest, size: reader.size, reader, served: { from: isShared ? "shared" : "miss" } };
    } catch (error) {
      throw toRegistryError(error, () => this.#unknown(name, digest));
    }
  }

  async #ask(name: RepositoryName, digest: Digest, context: Context) {
    try {
      return await this.#source.upstream.headBlob(this.#source.remoteName(name), digest, context);
    } catch (error) {
      throw toRegistryError(error, () => this.#unknown(name, digest));
    }
  }

  #unknown(name: RepositoryName, digest: Digest): RegistryError {
    return new RegistryError("BLOB_UNKNOWN", `${this.#source.upstream.name} has no blob ${digest} in ${name}`, {
      detail: { name, digest, upstream: this.#source.upstream.name },
    });
  }
}
