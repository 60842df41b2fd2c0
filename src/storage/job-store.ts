import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Descriptions of tasks as JSON, an object each, so that every process can show them. Losing one is safe. */
export class JobStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async write(id: string, job: object): Promise<void> {
    await this.#driver.write({ key: layout.job(id), content: Buffer.from(JSON.stringify(job)) });
  }

  /** In code point order. */
  ids(): Promise<readonly string[]> {
    return this.#driver.list(layout.jobs);
  }

  /** What was written; `undefined` if that is gone or damaged. */
  async read(id: string): Promise<unknown> {
    const content = await this.#driver.read(layout.job(id));
    try {
      return content === undefined ? undefined : JSON.parse(content.toString());
    } catch {
      return undefined;
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#driver.remove(...ids.map(layout.job));
  }
}
