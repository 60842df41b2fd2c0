import type { BlobReader } from "../../oci/blob-reader.js";
import type { Digest } from "../../oci/digest.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout } from "../layout.js";
import type { StagedObject } from "../staging.js";
import type { Storage } from "../storage.js";
import { linkTo } from "./link-store.js";
import type { StoredManifest } from "./manifest-store.js";
import { type Listed, referrerDescriptor } from "./referrer-descriptor.js";

/** What a manifest says that is recorded beside it. */
interface Recorded extends Listed {
  readonly subject: Digest | undefined;
}

/** What can be taken out of a repository, since nothing of it that stays needs it. */
export interface Unneeded {
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** What a manifest that was removed left behind. */
export interface RemovedManifest {
  /** Tags that pointed at it, and were removed with it. */
  readonly tags: readonly Tag[];
  /** What it referred to; `undefined` also if it was pushed again meanwhile. */
  readonly subject: Digest | undefined;
}

/** A removal of many is one order to the disk, and costs it little more than that of one. */
const removedAtOnce = 500;

/**
 * What one repository holds. The order of the steps is told here, once: bytes come before the link that makes them the
 * repository's, the link before what is recorded of it, and tags, which others move, last. What is removed goes the other
 * way round, so that whatever a process is killed at, nothing points at what is not there.
 */
export class RepositoryContent {
  readonly #storage: Storage;
  readonly #name: RepositoryName;

  constructor(storage: Storage, name: RepositoryName) {
    this.#storage = storage;
    this.#name = name;
  }

  /** Whether the repository holds manifests or blobs, or once did. */
  async holdsContent(): Promise<boolean> {
    const kinds = await this.#storage.index.kinds(this.#name);
    return kinds.manifests || kinds.blobs;
  }

  /** The digest that a blob's bytes lie under, if the repository has a link to the blob. */
  linkedBlob(digest: Digest): Promise<Digest | undefined> {
    return this.#storage.links.find(layout.layerLink(this.#name, digest));
  }

  /** The same, if the bytes are there, too. */
  async findBlob(digest: Digest): Promise<{ content: Digest; size: number } | undefined> {
    const content = await this.linkedBlob(digest);
    const size = content && (await this.#storage.blobs.size(content));
    if (content === undefined || size === undefined) return undefined;
    this.#storage.holders.note(this.#name, digest);
    return { content, size };
  }

  /** The caller closes the reader. */
  async openBlob(digest: Digest): Promise<BlobReader | undefined> {
    const content = await this.linkedBlob(digest);
    return content && this.#storage.blobs.open(content);
  }

  /** Makes staged content, whose digest was proved, part of the repository. */
  async addBlob(digest: Digest, staged: StagedObject): Promise<void> {
    const { blobs, holders, index } = this.#storage;
    const size = (await staged.stat())?.size ?? 0;
    await blobs.commit(digest, staged, [linkTo(layout.layerLink(this.#name, digest), digest)]);
    // Bytes and link follow one another at once, and an eviction takes what has no link: it was as quick as can be.
    if (!(await blobs.hold(digest)))
      throw new Error(`the bytes of ${digest} were evicted while they were stored; store them again`);
    this.#storage.noteArriving(size);
    holders.note(this.#name, digest);
    await index.announce(this.#name, "blobs");
  }

  /**
   * Makes stored content part of the repository.
   * @returns whether the bytes are there. They may have been evicted meanwhile; the link stays then, and means nothing
   * until somebody stores them again: removing it could undo what another one has linked at the same time.
   */
  async linkBlob(digest: Digest): Promise<boolean> {
    const { blobs, holders, index, links } = this.#storage;
    await links.put(layout.layerLink(this.#name, digest), digest);
    const isHeld = await blobs.hold(digest);
    holders.note(this.#name, digest);
    await index.announce(this.#name, "blobs");
    return isHeld;
  }

  /** Takes the link away, with the folder it lies in: what is evicted and comes back leaves no trace each time. */
  async removeBlob(digest: Digest): Promise<void> {
    await this.#storage.driver.remove(layout.layer(this.#name, digest));
  }

  hasManifest(digest: Digest): Promise<boolean> {
    return this.#storage.manifests.has(this.#name, digest);
  }

  /** Stores exact bytes, whose digest and type were proved, and what is recorded of them. Tags are moved afterwards. */
  async addManifest(manifest: StoredManifest, recorded: Recorded): Promise<void> {
    const { index, manifests, referrers } = this.#storage;
    await manifests.put(this.#name, manifest);
    if (recorded.subject !== undefined)
      await referrers.put(this.#name, recorded.subject, referrerDescriptor(manifest, recorded));
    await index.announce(this.#name, "manifests");
  }

  /**
   * Takes a manifest out, with the tags that point at it and all that is recorded of it. Its bytes stay, and may be gone or
   * damaged already. Whoever pushes it again meanwhile came after: then all of it stays.
   */
  async removeManifest(digest: Digest): Promise<RemovedManifest> {
    const { driver, manifestTypes, manifests, referrers, tags, uses } = this.#storage;
    const said: ManifestReading | undefined = await manifests.readContent(this.#name, digest);
    await driver.remove(layout.revision(this.#name, digest));
    const removed = await tags.removeDangling(this.#name, digest);
    if (await this.hasManifest(digest)) return { tags: removed, subject: undefined };
    if (said?.subject !== undefined) await referrers.remove(this.#name, said.subject, digest);
    if (said?.mediaType === undefined) await manifestTypes.forgetType(this.#name, digest);
    await uses.forget(this.#name, digest);
    return { tags: removed, subject: said?.subject };
  }

  /**
   * Takes much out at once that no tag, and nothing that stays, needs. Only for a caller that is alone with the storage: it
   * does not look whether anything came back meanwhile.
   */
  async removeUnneeded({ manifests, blobs }: Unneeded): Promise<void> {
    const { referrers, tags, uses } = this.#storage;
    const name = this.#name;
    if (manifests.length > 0) await tags.forget(name, new Set(manifests));
    await this.#removeKeys(manifests.flatMap((digest) => [layout.revision(name, digest), layout.tagged(name, digest)]));
    for (const digest of manifests) await uses.forget(name, digest);
    await referrers.removeDangling(name, (digest) => this.hasManifest(digest));
    await this.#removeKeys(blobs.map((digest) => layout.layer(name, digest)));
  }

  /** Removes all that the repository holds, and nothing of the repositories whose names begin with its name. */
  async removeAll(): Promise<void> {
    const { driver } = this.#storage;
    const folder = layout.repository(this.#name);
    const children = await driver.list(folder);
    if (children.every(isOfRepository)) return driver.remove(folder);
    for (const child of children.filter(isOfRepository)) await driver.remove(`${folder}/${child}`);
  }

  /**
   * Removes what is left of a repository that came from an upstream, and last that it did: until then nobody can push to
   * it, so nothing that was pushed is removed.
   */
  async removeCached(): Promise<void> {
    for (const folder of [layout.manifests, layout.layers, layout.allReferrers, layout.allTagged])
      await this.#storage.driver.remove(folder(this.#name));
    await this.#storage.owners.forgetOwner(this.#name);
  }

  async #removeKeys(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += removedAtOnce)
      await this.#storage.driver.remove(...keys.slice(start, start + removedAtOnce));
  }
}
