import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { BlobStore } from "./blob-store.js";
import { CacheStore } from "./cache-store.js";
import { Catalog } from "./catalog.js";
import type { StagedObject, StorageDriver } from "./driver.js";
import { layout, repositoryFolders } from "./layout.js";
import { LinkStore, linkTo } from "./link-store.js";
import { ManifestStore } from "./manifest-store.js";
import { ReferrerStore } from "./referrer-store.js";
import { TagStore } from "./tag-store.js";
import { UploadStore } from "./upload-store.js";

/** What lies in the storage, for both modes. Absence is `undefined` in all of it. */
export class Storage {
  readonly driver: StorageDriver;
  readonly links: LinkStore;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly referrers: ReferrerStore;
  readonly uploads: UploadStore;
  readonly catalog: Catalog;
  readonly cache: CacheStore;

  /** @param cacheBytes memory for manifests and small blobs together */
  constructor(driver: StorageDriver, cacheBytes: number, log: Logger) {
    this.driver = driver;
    this.links = new LinkStore(driver, log);
    this.blobs = new BlobStore(driver, cacheBytes / 2, log);
    this.manifests = new ManifestStore(driver, this.links, cacheBytes / 2, log);
    this.tags = new TagStore(driver, this.links);
    this.referrers = new ReferrerStore(driver, log);
    this.uploads = new UploadStore(driver);
    this.catalog = new Catalog(driver);
    this.cache = new CacheStore(driver);
  }

  /** Whether the repository holds manifests or blobs, or once did. */
  async holdsContent(name: RepositoryName): Promise<boolean> {
    const folders = await this.driver.list(layout.repository(name));
    return folders.includes(repositoryFolders.manifests) || folders.includes(repositoryFolders.layers);
  }

  /** Makes staged content, whose digest was proved, part of a repository. */
  async addBlob(name: RepositoryName, digest: Digest, staged: StagedObject): Promise<void> {
    await this.blobs.commit(digest, staged, [linkTo(layout.layerLink(name, digest), digest)]);
    await this.catalog.announce(name, "blobs");
  }

  /** Makes stored content part of a repository. */
  async linkBlob(name: RepositoryName, digest: Digest): Promise<void> {
    await this.links.put(layout.layerLink(name, digest), digest);
    await this.catalog.announce(name, "blobs");
  }

  /** The digest that a blob's bytes lie under, if the repository holds the blob and the bytes are there. */
  async findBlob(name: RepositoryName, digest: Digest): Promise<{ content: Digest; size: number } | undefined> {
    const content = await this.links.find(layout.layerLink(name, digest));
    const size = content && (await this.blobs.size(content));
    return content === undefined || size === undefined ? undefined : { content, size };
  }
}
