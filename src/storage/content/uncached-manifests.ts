import type { Logger } from "../../observability/logger.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, digestInTurns } from "../../oci/digest.js";
import { readAnyManifest } from "../../oci/large-manifests.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import { opaqueType } from "../../oci/media-types.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import { inPlaceOrAside } from "./bytes-aside.js";
import type { LinkStore } from "./link-store.js";

/** What is stored in place of a manifest. */
interface StoredBytes {
  /** The digest under which the bytes are stored, which may use another algorithm. */
  readonly content: Digest;
  readonly bytes: Buffer | "absent" | "too large";
}

/** A manifest stored by another program may be larger than ours; this limits what is read into memory. */
export const readableBytes = 64 * 1024 * 1024;

/** Manifests as the storage has them, read each time: for walks over many, which must not push out what clients pull. */
export class UncachedManifests {
  readonly #driver: StorageDriver;
  readonly #links: LinkStore;
  readonly #log: Logger;

  constructor(driver: StorageDriver, links: LinkStore, log: Logger) {
    this.#driver = driver;
    this.#links = links;
    this.#log = log;
  }

  /** What a manifest of the repository says. */
  async readContent(name: RepositoryName, digest: Digest): Promise<ManifestReading | undefined> {
    const content = (await this.#links.find(layout.revisionLink(name, digest)))?.digest;
    const bytes = content && (await this.#driver.read(layout.blob(content), readableBytes));
    return bytes ? this.parse(digest, bytes) : undefined;
  }

  /** What stored bytes say, whichever repository holds them. */
  async readStored(digest: Digest, content: Digest): Promise<ManifestReading | undefined> {
    const bytes = await this.readBytes(digest, content);
    return bytes && this.parse(digest, bytes);
  }

  /** A manifest of the repository and what it says. */
  async readUnremembered(
    name: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly descriptor: Descriptor; readonly reading: ManifestReading } | undefined> {
    const content = (await this.#links.find(layout.revisionLink(name, digest)))?.digest;
    const bytes = content && (await this.readBytes(digest, content));
    const reading = bytes && (await this.parse(digest, bytes));
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

  /** @param content the digest under which the bytes are stored, which may use another algorithm */
  async readBytes(digest: Digest, content: Digest): Promise<Buffer | undefined> {
    const stat = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.stat(key));
    if (stat === undefined || stat.size > readableBytes) return undefined;
    const bytes = await inPlaceOrAside(this.#driver, content, (key) => this.#driver.read(key, readableBytes));
    if (bytes === undefined || (await digestInTurns(bytes, algorithmOf(digest))) === digest) return bytes;
    this.#log.error("stored manifest is damaged and counts as absent; push it again", { digest, bytes: bytes.length });
    return undefined;
  }

  /** The media type is not stored anywhere: it is read from the manifest, as the distribution registry does. */
  async parse(digest: Digest, bytes: Buffer): Promise<ManifestReading | undefined> {
    const reading = await readAnyManifest(bytes);
    if (reading === undefined) this.#log.warn("stored manifest is not a JSON object and counts as absent", { digest });
    return reading;
  }
}
