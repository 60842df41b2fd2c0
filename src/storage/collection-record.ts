import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** When garbage was last collected, by whichever process: a Berth that serves shows it in its metrics. */
export class CollectionRecord {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** It was collected just now. */
  async write(): Promise<void> {
    await this.#driver.write({ key: layout.lastCollection, content: Buffer.from(new Date().toISOString()) });
  }

  /** Milliseconds since 1970; `undefined` if it never was. */
  async lastMs(): Promise<number | undefined> {
    return (await this.#driver.stat(layout.lastCollection))?.modifiedMs;
  }
}
