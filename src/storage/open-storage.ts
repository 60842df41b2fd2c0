import type { Logger } from "../observability/logger.js";
import { StorageError } from "../oci/storage-error.js";
import { restoreAside } from "./content/unlinked-blobs.js";
import type { StorageDriver } from "./driver.js";
import { findObstacle, type StorageObstacle } from "./drivers/filesystem/data-directory.js";
import { FilesystemDriver } from "./drivers/filesystem/filesystem-driver.js";
import { MemoryDriver } from "./drivers/memory/memory-driver.js";
import type { S3Settings } from "./drivers/s3/s3-settings.js";
import { Storage, walkedLinks } from "./storage.js";
import { checkFormat, settleFormat } from "./storage-format.js";

export interface StorageSettings {
  readonly driver: "filesystem" | "s3" | "memory";
  readonly filesystem: { readonly root: string };
  readonly s3: S3Settings | undefined;
  /** Bytes of memory for manifests and small blobs. */
  readonly cache: number;
}

/**
 * Opens the configured storage, and repairs what a killed eviction has left.
 * @param around wraps the driver
 */
export async function openStorage(
  settings: StorageSettings,
  log: Logger,
  around: (driver: StorageDriver) => StorageDriver = (driver) => driver,
): Promise<Storage> {
  const driver = await openDriver(settings, log);
  await settleFormat(driver);
  const storage = new Storage(around(driver), settings.cache, log);
  await restoreAside(storage);
  return storage;
}

/** Opens it for reading: changes nothing, not even unfinished content. @throws if it does not exist */
export async function openStorageAsItIs(settings: StorageSettings, log: Logger): Promise<Storage> {
  const driver = await openDriverAsItIs(settings, log);
  await checkFormat(driver);
  return new Storage(driver, settings.cache, log, walkedLinks);
}

/** What keeps this user from storing there, in a sentence; changes nothing. */
export async function findStorageObstacle(settings: StorageSettings): Promise<StorageObstacle | undefined> {
  return settings.driver === "filesystem" ? findObstacle(settings.filesystem.root) : undefined;
}

async function openDriver(settings: StorageSettings, log: Logger): Promise<StorageDriver> {
  switch (settings.driver) {
    case "filesystem":
      return FilesystemDriver.open(settings.filesystem.root, log);
    case "s3":
      return (await loadS3Driver()).open(bucketOf(settings), log);
    case "memory":
      return new MemoryDriver();
  }
}

async function openDriverAsItIs(settings: StorageSettings, log: Logger): Promise<StorageDriver> {
  switch (settings.driver) {
    case "filesystem":
      return FilesystemDriver.openAsItIs(settings.filesystem.root, log);
    case "s3":
      return (await loadS3Driver()).openAsItIs(bucketOf(settings), log);
    case "memory":
      return new MemoryDriver();
  }
}

/** A configuration without it is refused before. */
function bucketOf({ s3 }: StorageSettings): S3Settings {
  if (s3 === undefined) throw new StorageError("unavailable", "storage.s3 is missing: name the bucket");
  return s3;
}

/** Only if it is configured: the client of AWS takes 160 ms and 23 MB. */
async function loadS3Driver() {
  // Its version is pinned: what it warns of, the Node versions of later ones, concerns nobody who runs Berth.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const { S3Driver } = await import("./drivers/s3/s3-driver.js");
  return S3Driver;
}
