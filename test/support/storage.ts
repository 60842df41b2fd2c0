import type { StorageDriver } from "../../src/storage/driver.js";
import { FilesystemDriver } from "../../src/storage/drivers/filesystem/filesystem-driver.js";
import { openStorage } from "../../src/storage/open-storage.js";
import { Storage } from "../../src/storage/storage.js";
import { configWith } from "./config.js";
import { PausableDriver } from "./pausable-driver.js";
import { RecordedLog } from "./recorded-log.js";
import type { Scope } from "./scope.js";

/** A storage on a separate data directory, and its log. */
export interface TestStorage {
  readonly root: string;
  readonly storage: Storage;
  readonly log: RecordedLog;
}

export async function storageOnDisk(scope: Scope): Promise<TestStorage> {
  return storageAt(await scope.folder("data"));
}

/** Another storage on a data directory, with nothing in memory: as after a restart, or in another process. */
export async function storageAt(root: string): Promise<TestStorage> {
  const log = new RecordedLog();
  const storage = await openStorage(configWith({ storage: { filesystem: { root }, cache: "1MiB" } }).storage, log);
  return { root, storage, log };
}

/** Over a driver that a test has made. */
export function storageOf(driver: StorageDriver): Storage {
  return new Storage(driver, 1024 * 1024, new RecordedLog());
}

/** As `storageAt`, with a driver that the test can pause between two steps. */
export async function pausableStorageAt(root: string): Promise<TestStorage & { readonly driver: PausableDriver }> {
  const log = new RecordedLog();
  const driver = new PausableDriver(await FilesystemDriver.open(root));
  return { root, driver, storage: new Storage(driver, 1024 * 1024, log), log };
}
