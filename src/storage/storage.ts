import type { Logger } from "../observability/logger.js";
import { BlobStore } from "./blob-store.js";
import { Catalog } from "./catalog.js";
import type { StorageDriver } from "./driver.js";
import { LinkStore } from "./link-store.js";
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
  }
}
