import { openStorage } from "../../src/storage/open-storage.js";
import type { Storage } from "../../src/storage/storage.js";
import { RecordedLog } from "./recorded-log.js";
import type { Scope } from "./scope.js";

/** A storage on a data directory of the test's own, and what it logs. */
export interface TestStorage {
  readonly root: string;
  readonly storage: Storage;
  readonly log: RecordedLog;
}

export async function storageOnDisk(scope: Scope): Promise<TestStorage> {
  return storageAt(await scope.folder("data"));
}

/** Another storage on a data directory, which remembers nothing of it: as after a restart, or in another process. */
export async function storageAt(root: string): Promise<TestStorage> {
  const log = new RecordedLog();
  const storage = await openStorage({ driver: "filesystem", filesystem: { root }, cache: 1024 * 1024 }, log);
  return { root, storage, log };
}
