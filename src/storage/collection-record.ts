import { StorageError } from "../oci/storage-error.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** When garbage was last collected, by any process: a serving Berth shows it in its metrics. */
export class CollectionRecord {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Records a collection that has ended now. */
  async write(): Promise<void> {
    await this.#driver.write({ key: layout.lastCollection, content: Buffer.from(new Date().toISOString()) });
  }

  /**
   * The time of the storage, by whose clock everything stored is dated, in milliseconds since 1970: that of a file
   * server or a bucket may differ from ours. A full disk, where a collection is needed most, tells none.
   */
  async storageTimeMs(): Promise<number> {
    try {
      await this.#driver.write({ key: layout.collectionClock, content: Buffer.from(new Date().toISOString()) });
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== "full") throw error;
      return Date.now();
    }
    return (await this.#driver.stat(layout.collectionClock))?.modifiedMs ?? Date.now();
  }

  /** Milliseconds since 1970; `undefined` if it never was. */
  async lastMs(): Promise<number | undefined> {
    return (await this.#driver.stat(layout.lastCollection))?.modifiedMs;
  }
}
