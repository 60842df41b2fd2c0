import type { Logger } from "../observability/logger.js";
import { restoreAside } from "./content/unlinked-blobs.js";
import type { StorageDriver } from "./driver.js";
import { findObstacle, type StorageObstacle } from "./drivers/filesystem/data-directory.js";
import { FilesystemDriver } from "./drivers/filesystem/filesystem-driver.js";
import { MemoryDriver } from "./drivers/memory-driver.js";
import { Storage } from "./storage.js";

export interface StorageSettings {
  readonly driver: "filesystem" | "memory";
  readonly filesystem: { readonly root: string };
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
  const storage = new Storage(around(await openDriver(settings, log)), settings.cache, log);
  await restoreAside(storage);
  return storage;
}

/** A command that walks through everything reads each link once. */
const walkedLinks = 1_000;

/** Opens it for reading: changes nothing, not even unfinished content. @throws if it does not exist */
export async function openStorageAsItIs(settings: StorageSettings, log: Logger): Promise<Storage> {
  const { driver, filesystem } = settings;
  const opened = driver === "filesystem" ? await FilesystemDriver.openAsItIs(filesystem.root, log) : new MemoryDriver();
  return new Storage(opened, settings.cache, log, walkedLinks);
}

/** What keeps this user from storing there, in a sentence; changes nothing. */
export async function findStorageObstacle(settings: StorageSettings): Promise<StorageObstacle | undefined> {
  return settings.driver === "filesystem" ? findObstacle(settings.filesystem.root) : undefined;
}

async function openDriver(settings: StorageSettings, log: Logger): Promise<StorageDriver> {
  switch (settings.driver) {
    case "filesystem":
      return FilesystemDriver.open(settings.filesystem.root, log);
    case "memory":
      return new MemoryDriver();
  }
}
