import { LRUCache } from "lru-cache";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { AccessTokenStore } from "./access-token-store.js";
import { AnnouncedTags } from "./cache/announced-tags.js";
import { CacheStore } from "./cache/cache-store.js";
import { DownloadStore } from "./cache/download-store.js";
import { UseStore } from "./cache/use-store.js";
import { BlobStore } from "./content/blob-store.js";
import { Catalog } from "./content/catalog.js";
import { LinkStore, linkTo } from "./content/link-store.js";
import { ManifestStore } from "./content/manifest-store.js";
import { ReferrerRebuild } from "./content/referrer-rebuild.js";
import { ReferrerStore } from "./content/referrer-store.js";
import type { MakeRoom } from "./content/room-making-stage.js";
import { TagStore } from "./content/tag-store.js";
import { UploadStore } from "./content/upload-store.js";
import type { StagedObject, StorageDriver } from "./driver.js";
import { layout, repositoryFolders } from "./layout.js";

const rememberedHolders = 20_000;
const holdersOfEach = 4;

/** What lies in the storage, for both modes. Absence is `undefined` in all of it. */
export class Storage {
  readonly driver: StorageDriver;
  readonly links: LinkStore;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly referrers: ReferrerStore;
  readonly referrerRebuild: ReferrerRebuild;
  readonly uploads: UploadStore;
  readonly catalog: Catalog;
  readonly cache: CacheStore;
  readonly downloads: DownloadStore;
  readonly announced: AnnouncedTags;
  readonly uses: UseStore;
  readonly accessTokens: AccessTokenStore;
  /** Bytes of blobs that this process has made part of repositories, or is about to: whoever bounds them sees that there are more. */
  #added = 0;
  /** Where blobs were stored, linked or found of late. */
  readonly #holders = new LRUCache<Digest, readonly RepositoryName[]>({ max: rememberedHolders });
  /** Frees bytes on a full disk for what is pushed. Whoever knows what may go sets it. */
  makeRoom: MakeRoom = async () => 0;

  /** @param cacheBytes memory for manifests and small blobs together */
  constructor(driver: StorageDriver, cacheBytes: number, log: Logger) {
    this.driver = driver;
    this.links = new LinkStore(driver, log);
    // Whole bytes: an LRU cache takes no others, and a share of an odd number of them is none.
    const half = Math.floor(cacheBytes / 2);
    this.blobs = new BlobStore(driver, half, log);
    this.manifests = new ManifestStore(this, half, log);
    this.tags = new TagStore(driver, this.links);
    this.referrers = new ReferrerStore(driver, log);
    this.referrerRebuild = new ReferrerRebuild(this);
    this.uploads = new UploadStore(driver, (bytes) => this.makeRoom(bytes));
    this.catalog = new Catalog(driver);
    this.announced = new AnnouncedTags(driver);
    this.cache = new CacheStore(driver);
    this.downloads = new DownloadStore(driver);
    this.uses = new UseStore(driver);
    this.accessTokens = new AccessTokenStore(driver);
  }

  /** Whether the repository holds manifests or blobs, or once did. */
  async holdsContent(name: RepositoryName): Promise<boolean> {
    const folders = await this.driver.list(layout.repository(name));
    return folders.includes(repositoryFolders.manifests) || folders.includes(repositoryFolders.layers);
  }

  /** Repositories that are known to have had a blob, the latest first. */
  knownHolders(digest: Digest): readonly RepositoryName[] {
    return this.#holders.get(digest) ?? [];
  }

  #noteHolder(name: RepositoryName, digest: Digest): void {
    const known = this.#holders.get(digest);
    if (known?.[0] === name) return;
    const others = known?.filter((other) => other !== name) ?? [];
    this.#holders.set(digest, [name, ...others].slice(0, holdersOfEach));
  }

  get addedBytes(): number {
    return this.#added;
  }

  /** Counts bytes that are on their way into a repository, until they are part of it, or dropped: then a negative number. */
  noteArriving(bytes: number): void {
    this.#added += bytes;
  }

  /** Makes staged content, whose digest was proved, part of a repository. */
  async addBlob(name: RepositoryName, digest: Digest, staged: StagedObject): Promise<void> {
    const size = (await staged.stat())?.size ?? 0;
    await this.blobs.commit(digest, staged, [linkTo(layout.layerLink(name, digest), digest)]);
    // Bytes and link follow one another at once, and an eviction takes what has no link: it was as quick as can be.
    if (!(await this.blobs.hold(digest)))
      throw new Error(`the bytes of ${digest} were evicted while they were stored; store them again`);
    this.#added += size;
    this.#noteHolder(name, digest);
    await this.catalog.announce(name, "blobs");
  }

  /**
   * Makes stored content part of a repository.
   * @returns whether the bytes are there. They may have been evicted meanwhile; the link stays then, and means nothing
   * until somebody stores them again: removing it could undo what another one has linked at the same time.
   */
  async linkBlob(name: RepositoryName, digest: Digest): Promise<boolean> {
    await this.links.put(layout.layerLink(name, digest), digest);
    const isHeld = await this.blobs.hold(digest);
    this.#noteHolder(name, digest);
    await this.catalog.announce(name, "blobs");
    return isHeld;
  }

  /** Takes links away together with the folders they lie in: what is evicted and comes back leaves no trace each time. */
  async unlinkBlob(name: RepositoryName, digest: Digest): Promise<void> {
    await this.driver.remove(layout.layer(name, digest));
  }

  async unlinkManifest(name: RepositoryName, digest: Digest): Promise<void> {
    await this.driver.remove(layout.revision(name, digest), layout.tagged(name, digest));
  }

  /**
   * Removes what is left of a repository that came from an upstream, and last that it did: before, nobody could push to
   * it, so nothing that was pushed goes.
   */
  async removeCachedRepository(name: RepositoryName): Promise<void> {
    for (const folder of [layout.manifests, layout.layers, layout.allReferrers, layout.allTagged].map((of) => of(name)))
      await this.driver.remove(folder);
    await this.cache.forgetOwner(name);
  }

  /** The digest that a blob's bytes lie under, if the repository holds the blob and the bytes are there. */
  async findBlob(name: RepositoryName, digest: Digest): Promise<{ content: Digest; size: number } | undefined> {
    const content = await this.links.find(layout.layerLink(name, digest));
    const size = content && (await this.blobs.size(content));
    if (content === undefined || size === undefined) return undefined;
    this.#noteHolder(name, digest);
    return { content, size };
  }
}
