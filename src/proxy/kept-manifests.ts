import { BoundedMap } from "../foundation/bounded-map.js";
import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { readAnyManifest } from "../oci/large-manifests.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import { opaqueType } from "../oci/media-types.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { isOutOfRoom } from "../oci/storage-error.js";
import type { StoredManifest } from "../storage/content/manifest-store.js";
import type { Storage } from "../storage/storage.js";
import type { UpstreamManifest } from "../upstream/upstream-client.js";
import type { Ownership } from "./ownership.js";

const rememberedSizes = 50_000;

/** The stored manifests and tags of upstreams. If the storage is full, nothing fails because of that. */
export class KeptManifests {
  readonly #storage: Storage;
  readonly #ownership: Ownership;
  readonly #blobSizes = new BoundedMap<string, number>(rememberedSizes);
  /** The manifests whose blobs were added to the sizes. */
  readonly #read = new BoundedMap<string, true>(rememberedSizes / 10);

  constructor(storage: Storage, ownership: Ownership) {
    this.#storage = storage;
    this.#ownership = ownership;
  }

  async find(name: RepositoryName, digest: Digest): Promise<StoredManifest | undefined> {
    const found = await this.#storage.manifests.find(name, digest);
    if (found?.descriptor.mediaType !== opaqueType) return found;
    const mediaType = (await this.#storage.manifestTypes.typeOf(name, digest)) ?? opaqueType;
    return { ...found, descriptor: { ...found.descriptor, mediaType } };
  }

  /** The stored manifest, or else the fetched one: only one process fetches it at a time, since each GET counts. */
  findOrFetch(name: RepositoryName, digest: Digest, fetch: () => Promise<StoredManifest>): Promise<StoredManifest> {
    return this.#storage.downloads.whileFetchingManifest(
      digest,
      async () => (await this.find(name, digest)) ?? fetch(),
    );
  }

  async findTagged(name: RepositoryName, tag: Tag): Promise<StoredManifest | undefined> {
    const digest = await this.#storage.tags.findRecent(name, tag);
    return digest && this.find(name, digest);
  }

  /** Records that a client got a manifest. That is the use of an image: its blobs are requested afterwards. */
  async notePull(name: RepositoryName, { descriptor: { digest }, bytes }: StoredManifest): Promise<void> {
    this.#storage.uses.pulls.note(name, digest, Date.now());
    if (!this.#read.has(`${name}@${digest}`)) await this.#learnSizes(name, digest, await readAnyManifest(bytes));
  }

  /** Records that a client, which may have the image, checked whether it is still current. */
  noteCheck(name: RepositoryName, digest: Digest): void {
    this.#storage.uses.checks.note(name, digest, Date.now());
  }

  /** Size of a blob, if a manifest that was served says it: the upstream need not be asked before a download. */
  blobSize(name: RepositoryName, digest: Digest): number | undefined {
    return this.#blobSizes.get(`${name}@${digest}`);
  }

  /**
   * Stores the exact bytes. The manifest's own type counts; a header with another one is ignored, unless the manifest
   * has none.
   */
  async keep(name: RepositoryName, fetched: UpstreamManifest, log: Logger): Promise<StoredManifest> {
    const { digest, bytes, reading } = fetched;
    const mediaType = reading.mediaType ?? fetched.mediaType ?? opaqueType;
    const manifest = { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    await ifThereIsRoom(() => this.#store(name, manifest, reading), { repository: name, digest }, log);
    await this.#learnSizes(name, digest, reading);
    return manifest;
  }

  /** Records what the upstream's tag points to now. */
  point(name: RepositoryName, tag: Tag, digest: Digest, log: Logger): Promise<void> {
    return this.#pointSince(name, { tag, saidMs: Date.now() }, digest, log);
  }

  /** Records what clients were told about a tag whose manifest is not stored. */
  async announce(name: RepositoryName, tag: Tag, digest: Digest, log: Logger): Promise<void> {
    await ifThereIsRoom(() => this.#storage.announced.add(name, tag, digest), { repository: name, tag, digest }, log);
  }

  /** Points tags to a manifest that was announced to clients before it was stored. */
  async pointAnnounced(name: RepositoryName, digest: Digest, log: Logger): Promise<void> {
    const tags = await this.#storage.announced.find(name, digest);
    for (const announced of tags) {
      const checkedMs = await this.#storage.tagChecks.readCheckedAt(name, announced.tag);
      // The upstream may have given a newer answer for the tag since.
      if (checkedMs === undefined || checkedMs < announced.saidMs) {
        await this.#pointSince(name, announced, digest, log);
      }
    }
    if (tags.length > 0) await this.#storage.announced.forget(name, digest);
  }

  /** The tags that were announced to clients as pointing to it. */
  async announcedTags(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    return (await this.#storage.announced.find(name, digest)).map(({ tag }) => tag);
  }

  async dropTag(name: RepositoryName, tag: Tag): Promise<void> {
    await this.#storage.tags.removal.remove(name, tag);
  }

  async #learnSizes(name: RepositoryName, digest: Digest, reading: ManifestReading | undefined): Promise<void> {
    const breaks = new EventLoopBreaks();
    for (const blob of reading?.blobs ?? []) {
      await breaks.take();
      if (blob.size !== undefined) this.#blobSizes.set(`${name}@${blob.digest}`, blob.size);
    }
    this.#read.set(`${name}@${digest}`, true);
  }

  async #pointSince(
    name: RepositoryName,
    { tag, saidMs }: { readonly tag: Tag; readonly saidMs: number },
    digest: Digest,
    log: Logger,
  ): Promise<void> {
    const store = async () => {
      if ((await this.#storage.tags.find(name, tag)) !== digest) await this.#storage.tags.put(name, tag, digest);
      await this.#storage.tagChecks.recordCheck(name, tag, saidMs);
    };
    await ifThereIsRoom(store, { repository: name, tag, digest }, log);
  }

  async #store(name: RepositoryName, manifest: StoredManifest, reading: ManifestReading): Promise<void> {
    const { digest, mediaType } = manifest.descriptor;
    await this.#ownership.record(name);
    if (reading.mediaType === undefined) await this.#storage.manifestTypes.recordType(name, digest, mediaType);
    await this.#storage.repository(name).addManifest(manifest, reading);
  }
}

async function ifThereIsRoom(store: () => Promise<void>, what: Record<string, string>, log: Logger): Promise<void> {
  try {
    await store();
  } catch (cause) {
    if (!isOutOfRoom(cause)) throw cause;
    log.error("no room to cache a manifest; clients get it, and it is not stored", { ...what, cause });
  }
}
