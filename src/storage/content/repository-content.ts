import type { Actor } from "../../oci/actor.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Digest } from "../../oci/digest.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { layout } from "../layout.js";
import type { StagedObject } from "../staging.js";
import type { Storage } from "../storage.js";
import type { ContentLink } from "./content-link.js";
import type { StoredManifest } from "./manifest-store.js";
import { type Listed, referrerDescriptor } from "./referrer-descriptor.js";

/** The parts of a manifest that are recorded separately. */
interface Recorded extends Listed {
  readonly subject: Digest | undefined;
}

/** What a removed manifest left behind. */
export interface RemovedManifest {
  /** Tags that pointed to it, and were removed with it. */
  readonly tags: readonly Tag[];
  /** What it referred to; also `undefined` if it was pushed again meanwhile. */
  readonly subject: Digest | undefined;
}

/**
 * The content of one repository. The order of all steps is defined here, once: bytes are stored before the link that
 * makes them part of the repository, the link before its records, and tags, which other code moves, last. Removal goes
 * the other way round, so that whenever a process is killed, nothing points to missing content. `repository-removal.ts`
 * removes many things together.
 */
export class RepositoryContent {
  readonly #storage: Storage;
  readonly #name: RepositoryName;

  constructor(storage: Storage, name: RepositoryName) {
    this.#storage = storage;
    this.#name = name;
  }

  /** Whether the repository holds manifests or blobs. */
  async holdsContent(): Promise<boolean> {
    const kinds = await this.#storage.index.kinds(this.#name);
    if (kinds.manifests || !kinds.blobs) return kinds.manifests;
    return (await this.#storage.driver.list(layout.layers(this.#name), { limit: 1 })).length > 0;
  }

  /** The digest under which a blob's bytes are stored, if the repository links to the blob. */
  linkedBlob(digest: Digest): Promise<Digest | undefined> {
    return this.#storage.contentLinks.find(this.#blobLink(digest));
  }

  /** The same, if the bytes exist too. */
  async findBlob(digest: Digest): Promise<{ content: Digest; size: number } | undefined> {
    return this.#withSize(digest, await this.linkedBlob(digest));
  }

  /** The same, for an answer that tells a client that it need not upload the blob. */
  async claimBlob(digest: Digest): Promise<{ content: Digest; size: number } | undefined> {
    return this.#withSize(digest, await this.#storage.contentLinks.claim(this.#blobLink(digest)));
  }

  async #withSize(digest: Digest, content: Digest | undefined): Promise<{ content: Digest; size: number } | undefined> {
    const size = content && (await this.#storage.blobs.size(content));
    if (content === undefined || size === undefined) return undefined;
    this.#storage.holders.note(this.#name, digest);
    return { content, size };
  }

  /** The caller closes the reader. */
  async openBlob(digest: Digest): Promise<BlobReader | undefined> {
    const content = await this.#storage.contentLinks.findRecent(this.#blobLink(digest));
    const reader = content && (await this.#storage.blobs.open(content));
    // Unless the link has just been deleted, too, a rule of the bucket or another program has taken the bytes.
    if (content !== undefined && reader === undefined && (await this.linkedBlob(digest)) === content)
      this.#storage.missing.report(content, this.#name);
    return reader;
  }

  /**
   * Makes staged content, whose digest is verified, part of the repository.
   * @returns whether its bytes were stored already
   */
  async addBlob(digest: Digest, staged: StagedObject): Promise<boolean> {
    const { blobs, contentLinks, holders, index } = this.#storage;
    const link = this.#blobLink(digest);
    // The removal of bytes that are stored already may have begun: it sees the link, or ends before they are replaced.
    const isStored = (await blobs.storedSize(digest)) !== undefined;
    if (isStored) {
      await this.#storage.withRoom(() => contentLinks.put(link, digest));
      await this.#storage.withRoom(() => blobs.hold(digest));
    }
    await blobs.commit(digest, staged, [contentLinks.beside(link)]);
    await this.#storage.withRoom(() => contentLinks.settle(link));
    // The link is written right after the bytes, but an eviction, which removes bytes without a link, was faster.
    if (!(await this.#storage.withRoom(() => blobs.holdStored(digest))))
      throw new Error(`the bytes of ${digest} were evicted while they were stored; store them again`);
    holders.note(this.#name, digest);
    await this.#storage.withRoom(() => index.announce(this.#name, "blobs"));
    return isStored;
  }

  /**
   * Makes stored content part of the repository.
   * @returns whether the bytes exist. They may have been evicted meanwhile. The link then stays, without effect until
   * they are stored again: removing it could undo what another process has linked at the same time.
   */
  linkBlob(digest: Digest): Promise<boolean> {
    const { blobs, contentLinks, holders, index } = this.#storage;
    return this.#storage.withRoom(async () => {
      await contentLinks.put(this.#blobLink(digest), digest);
      const isHeld = await blobs.hold(digest);
      holders.note(this.#name, digest);
      await index.announce(this.#name, "blobs");
      return isHeld;
    });
  }

  /** Removes the link and its folder, so that content that is evicted and downloaded again leaves no traces. */
  async removeBlob(digest: Digest): Promise<void> {
    await this.#storage.driver.remove(layout.layer(this.#name, digest));
  }

  hasManifest(digest: Digest): Promise<boolean> {
    return this.#storage.manifests.has(this.#name, digest);
  }

  /** Stores exact bytes, whose digest and type are verified, and their records. Tags are moved afterwards. */
  async addManifest(manifest: StoredManifest, recorded: Recorded): Promise<void> {
    const { index, manifests, referrers } = this.#storage;
    await manifests.put(this.#name, manifest);
    if (recorded.subject !== undefined)
      await referrers.put(this.#name, recorded.subject, referrerDescriptor(manifest, recorded));
    await index.announce(this.#name, "manifests");
  }

  /**
   * Removes a manifest, with the tags that point to it and all its records. Its bytes stay, and may be missing or
   * damaged already. If it is pushed again meanwhile, that came last, so all of it is kept.
   */
  async removeManifest(digest: Digest, by?: Actor): Promise<RemovedManifest> {
    const said = await this.#storage.manifests.uncached.readContent(this.#name, digest);
    await this.#storage.driver.remove(layout.revision(this.#name, digest));
    await this.#storage.contentLinks.forgetClaims([{ name: this.#name, kind: "manifest", digest }]);
    const removed = await this.forgetManifest(digest, said, by);
    await this.#storage.index.noteRemoval(this.#name);
    return removed;
  }

  /** Removes the tags and records of a manifest whose link was just removed. @param said what it said */
  async forgetManifest(digest: Digest, said: ManifestReading | undefined, by?: Actor): Promise<RemovedManifest> {
    const { manifestTypes, manifests, tags, uses } = this.#storage;
    const removed = await tags.ofManifests.remove({ name: this.#name, digest, by });
    if (await manifests.isLinked(this.#name, digest)) return { tags: removed, subject: undefined };
    if (said?.subject !== undefined) await this.#forgetReferrer(said.subject, digest);
    if (said?.mediaType === undefined) await manifestTypes.forgetType(this.#name, digest);
    await uses.forget(this.#name, digest);
    return { tags: removed, subject: said?.subject };
  }

  /**
   * Claims everything that a manifest references, whether the repository holds the manifest or not.
   * @param content the digest under which its bytes are stored
   * @returns whether all of it is there
   */
  async claimReferences(digest: Digest, content: Digest): Promise<boolean> {
    const { contentLinks, manifests } = this.#storage;
    const said = await manifests.uncached.readStored(digest, content);
    if (said === undefined) return false;
    for (const named of said.names) {
      const links = (["blob", "manifest"] as const).map((kind) => ({ name: this.#name, kind, digest: named }));
      const claimed = await Promise.all(links.map((link) => contentLinks.claim(link)));
      if (claimed.every((found) => found === undefined)) return false;
    }
    return true;
  }

  /** Records what a manifest refers to, again. */
  async recordReferrer(digest: Digest): Promise<void> {
    const found = await this.#storage.manifests.uncached.readUnremembered(this.#name, digest);
    const subject = found?.reading.subject;
    if (found === undefined || subject === undefined) return;
    await this.#storage.referrers.put(this.#name, subject, referrerDescriptor(found, found.reading));
  }

  /**
   * Removes the record of an unlinked referrer, unless the manifest is pushed again meanwhile. A push writes the link
   * before the record, so a record that is changed while the link stays as it is agrees with it.
   */
  async #forgetReferrer(subject: Digest, digest: Digest): Promise<void> {
    const { manifests, referrers } = this.#storage;
    for (let isHeld = false; ; isHeld = !isHeld) {
      if (isHeld) await this.recordReferrer(digest);
      else await referrers.remove(this.#name, subject, digest);
      if ((await manifests.isLinked(this.#name, digest)) === isHeld) return;
    }
  }

  #blobLink(digest: Digest): ContentLink {
    return { name: this.#name, kind: "blob", digest };
  }
}
