import { LRUCache } from "lru-cache";
import { BoundedMap } from "../../foundation/bounded-map.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import type { Logger } from "../../observability/logger.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { opaqueType } from "../../oci/media-types.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { BlobStore, MemoryAnswers } from "./blob-store.js";
import { inPlaceOrAside } from "./bytes-aside.js";
import type { ContentLink } from "./content-link.js";
import type { ContentLinks } from "./content-links.js";
import type { LinkStore } from "./link-store.js";
import { readableBytes, UncachedManifests } from "./uncached-manifests.js";

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

interface ManifestStoreParts {
  readonly answers: MemoryAnswers;
  readonly driver: StorageDriver;
  readonly links: LinkStore;
  readonly contentLinks: ContentLinks;
  readonly blobs: BlobStore;
}

const rememberedPuts = 20_000;

/** A larger manifest is remembered only once it is pulled: a few pushes would replace all others. */
const rememberedWhenPut = 256 * 1024;

/**
 * Manifests of repositories. Their bytes are among the blobs; a repository holds those that it has a revision link for.
 */
export class ManifestStore {
  readonly uncached: UncachedManifests;
  readonly #driver: StorageDriver;
  readonly #answers: MemoryAnswers;
  readonly #links: LinkStore;
  readonly #contentLinks: ContentLinks;
  readonly #blobs: BlobStore;
  /** Verified when read. The content of a digest never changes, and the link is checked each time. */
  readonly #manifests: LRUCache<Digest, StoredManifest>;
  /** The version of the bytes that was found to match the digest. */
  readonly #verified = new BoundedMap<Digest, string>(rememberedPuts);
  /** Links of manifests that this process stored. Those of other processes may be visible before they are durable. */
  readonly #stored = new BoundedMap<string, true>(rememberedPuts);
  /** Puts in progress: another push of the same manifest waits, since a link may be visible before it is durable. */
  readonly #puts = new SingleFlight<string, void>();

  constructor({ answers, driver, links, contentLinks, blobs }: ManifestStoreParts, cacheBytes: number, log: Logger) {
    this.#answers = answers;
    this.#driver = driver;
    this.#links = links;
    this.#contentLinks = contentLinks;
    this.#blobs = blobs;
    this.uncached = new UncachedManifests(driver, links, log);
    this.#manifests = new LRUCache({
      maxSize: Math.max(1, cacheBytes),
      sizeCalculation: (manifest) => manifest.bytes.length + 500,
    });
  }

  async has(name: RepositoryName, digest: Digest): Promise<boolean> {
    return (await this.#contentLinks.find({ name, kind: "manifest", digest })) !== undefined;
  }

  /** The same, for an answer that tells a client that it need not push the manifest. */
  async claim(name: RepositoryName, digest: Digest): Promise<boolean> {
    return (await this.#contentLinks.claim({ name, kind: "manifest", digest })) !== undefined;
  }

  /** Like `has`, but checks the link without reading it: for lists of many. */
  async isLinked(name: RepositoryName, digest: Digest): Promise<boolean> {
    return ((await this.#driver.stat(layout.revisionLink(name, digest)))?.size ?? 0) > 0;
  }

  /** When the repository received the manifest, in milliseconds since 1970. */
  async receivedAt(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    return (await this.#driver.stat(layout.revisionLink(name, digest)))?.modifiedMs;
  }

  /** The manifest, if the repository holds it, or did so a moment ago ({@link LinkStore.findRecent}). */
  async find(name: RepositoryName, digest: Digest): Promise<StoredManifest | undefined> {
    const link: ContentLink = { name, kind: "manifest", digest };
    const found = (await this.#links.findRecent(layout.link(link))) ?? (await this.#contentLinks.takeBack(link));
    if (found === undefined) return undefined;
    const remembered = this.#manifests.get(digest);
    this.#answers.requests++;
    if (remembered !== undefined) this.#answers.hits++;
    return remembered ?? this.#read(digest, found.digest);
  }

  /**
   * Size of a manifest that the repository holds. A manifest with unreadable or damaged bytes counts as absent. It is
   * read for this only the first time, and its bytes need not be kept in memory.
   */
  async size(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    const content = await this.#contentLinks.find({ name, kind: "manifest", digest });
    if (content === undefined) return undefined;
    const stat = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.stat(key));
    const version = stat?.version;
    if (version !== undefined && this.#verified.get(digest) === version) return stat?.size;
    const bytes = await this.uncached.readBytes(digest, content);
    if (bytes !== undefined && version !== undefined) this.#verified.set(digest, version);
    return bytes?.length;
  }

  /** Stores exact bytes, with verified digest and type, and links them. Repairs what is lost or damaged. */
  put(name: RepositoryName, manifest: StoredManifest): Promise<void> {
    const key = layout.revisionLink(name, manifest.descriptor.digest);
    return this.#puts.run(key, () => this.#store(name, manifest));
  }

  /** Drops it from the memory of this process. */
  forget(digest: Digest): void {
    this.#manifests.delete(digest);
    this.#verified.delete(digest);
  }

  async #store(name: RepositoryName, manifest: StoredManifest): Promise<void> {
    const { digest } = manifest.descriptor;
    const link: ContentLink = { name, kind: "manifest", digest };
    const key = layout.link(link);
    if (this.#stored.has(key) && (await this.#isWhole(link, manifest))) return;
    let isKept = false;
    while (!isKept) {
      await this.#driver.write({ key: layout.blob(digest), content: manifest.bytes }, this.#contentLinks.beside(link));
      // An eviction that could not see the link yet may have removed the bytes. If the link went, too, so may they have
      // afterwards: both are written again.
      const kept = await Promise.all([this.#contentLinks.isSettled(link), this.#blobs.hold(digest)]);
      isKept = kept.every(Boolean);
    }
    if (!isForgottenWhenPut(manifest.bytes)) this.#manifests.set(digest, manifest);
    this.#stored.set(key, true);
  }

  /** Damage need not change the size: bytes of another version than was seen to be right are read again. */
  async #isWhole(link: ContentLink, { descriptor, bytes }: StoredManifest): Promise<boolean> {
    const { digest, size } = descriptor;
    const stat = await this.#driver.stat(layout.blob(digest));
    if (stat?.size !== size) return false;
    if (stat.version === undefined || this.#verified.get(digest) !== stat.version) {
      if ((await this.#driver.read(layout.blob(digest), readableBytes))?.equals(bytes) !== true) return false;
      if (stat.version !== undefined) this.#verified.set(digest, stat.version);
    }
    return (await this.#contentLinks.claim(link)) === digest;
  }

  async #read(digest: Digest, content: Digest): Promise<StoredManifest | undefined> {
    const bytes = await this.uncached.readBytes(digest, content);
    const parsed = bytes && (await this.uncached.parse(digest, bytes));
    if (bytes === undefined || parsed === undefined) return undefined;
    const manifest = { descriptor: { mediaType: parsed.mediaType ?? opaqueType, digest, size: bytes.length }, bytes };
    this.#manifests.set(digest, manifest);
    return manifest;
  }
}

/** Whether the store no longer uses these bytes when it has put them. */
export function isForgottenWhenPut({ length }: Buffer): boolean {
  return length > rememberedWhenPut;
}
