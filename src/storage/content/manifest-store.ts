import { LRUCache } from "lru-cache";
import { BoundedMap } from "../../foundation/bounded-map.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import type { Logger } from "../../observability/logger.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, digestInTurns } from "../../oci/digest.js";
import { readAnyManifest } from "../../oci/large-manifests.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import { opaqueType } from "../../oci/media-types.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import { type BlobStore, inPlaceOrAside, type MemoryAnswers } from "./blob-store.js";
import type { ContentLink } from "./content-link.js";
import type { ContentLinks } from "./content-links.js";
import type { LinkStore } from "./link-store.js";

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** What is stored in place of a manifest. */
interface StoredBytes {
  /** The digest under which the bytes are stored, which may use another algorithm. */
  readonly content: Digest;
  readonly bytes: Buffer | "absent" | "too large";
}

interface ManifestStoreParts {
  readonly answers: MemoryAnswers;
  readonly driver: StorageDriver;
  readonly links: LinkStore;
  readonly contentLinks: ContentLinks;
  readonly blobs: BlobStore;
}

/** A manifest stored by another program may be larger than ours; this limits what is read into memory. */
const readableBytes = 64 * 1024 * 1024;

const rememberedPuts = 20_000;

/**
 * Manifests of repositories. Their bytes are among the blobs; a repository holds those that it has a revision link for.
 */
export class ManifestStore {
  readonly #driver: StorageDriver;
  readonly #answers: MemoryAnswers;
  readonly #links: LinkStore;
  readonly #contentLinks: ContentLinks;
  readonly #blobs: BlobStore;
  readonly #log: Logger;
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
    this.#log = log;
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
    const bytes = await this.#readBytes(digest, content);
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

  /** What a manifest of the repository says, without caching it: for walks over many. */
  async readContent(name: RepositoryName, digest: Digest): Promise<ManifestReading | undefined> {
    const content = (await this.#links.find(layout.revisionLink(name, digest)))?.digest;
    const bytes = content && (await this.#driver.read(layout.blob(content), readableBytes));
    return bytes ? this.#parse(digest, bytes) : undefined;
  }

  /** What stored bytes say, whichever repository holds them. */
  async readStored(digest: Digest, content: Digest): Promise<ManifestReading | undefined> {
    const bytes = await this.#readBytes(digest, content);
    return bytes && this.#parse(digest, bytes);
  }

  /** A manifest of the repository and what it says, without caching it. */
  async readUnremembered(
    name: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly descriptor: Descriptor; readonly reading: ManifestReading } | undefined> {
    const content = (await this.#links.find(layout.revisionLink(name, digest)))?.digest;
    const bytes = content && (await this.#readBytes(digest, content));
    const reading = bytes && (await this.#parse(digest, bytes));
    if (bytes === undefined || reading === undefined) return undefined;
    return { descriptor: { mediaType: reading.mediaType ?? opaqueType, digest, size: bytes.length }, reading };
  }

  /**
   * The bytes that a link refers to, as they are stored. They may be aside, where a killed collection or eviction left
   * them.
   */
  async storedBytes(name: RepositoryName, digest: Digest): Promise<StoredBytes> {
    // A damaged link still shows by its path which digest it is for.
    const content = (await this.#links.find(layout.revisionLink(name, digest)))?.digest ?? digest;
    const stat = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.stat(key));
    if (stat === undefined || stat.size === 0) return { content, bytes: "absent" };
    if (stat.size > readableBytes) return { content, bytes: "too large" };
    const bytes = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.read(key, readableBytes));
    return { content, bytes: bytes ?? "absent" };
  }

  async #store(name: RepositoryName, manifest: StoredManifest): Promise<void> {
    const { digest } = manifest.descriptor;
    const link: ContentLink = { name, kind: "manifest", digest };
    const key = layout.link(link);
    if (this.#stored.has(key) && (await this.#isWhole(link, manifest))) return;
    do {
      await this.#driver.write({ key: layout.blob(digest), content: manifest.bytes }, this.#contentLinks.beside(link));
      await this.#contentLinks.settle(link);
      // An eviction that could not see the link yet may have removed the bytes.
    } while (!(await this.#blobs.hold(digest)));
    this.#manifests.set(digest, manifest);
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
    const bytes = await this.#readBytes(digest, content);
    const parsed = bytes && (await this.#parse(digest, bytes));
    if (bytes === undefined || parsed === undefined) return undefined;
    const manifest = { descriptor: { mediaType: parsed.mediaType ?? opaqueType, digest, size: bytes.length }, bytes };
    this.#manifests.set(digest, manifest);
    return manifest;
  }

  /** @param content the digest under which the bytes are stored, which may use another algorithm */
  async #readBytes(digest: Digest, content: Digest): Promise<Buffer | undefined> {
    const stat = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.stat(key));
    if (stat === undefined || stat.size > readableBytes) return undefined;
    const bytes = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.read(key, readableBytes));
    if (bytes === undefined || (await digestInTurns(bytes, algorithmOf(digest))) === digest) return bytes;
    this.#log.error("stored manifest is damaged and counts as absent; push it again", { digest, bytes: bytes.length });
    return undefined;
  }

  /** The media type is not stored anywhere: it is read from the manifest, as the distribution registry does. */
  async #parse(digest: Digest, bytes: Buffer): Promise<ManifestReading | undefined> {
    const reading = await readAnyManifest(bytes);
    if (reading === undefined) this.#log.warn("stored manifest is not a JSON object and counts as absent", { digest });
    return reading;
  }
}
