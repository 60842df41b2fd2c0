import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** The last check of everything that is stored. */
export interface LastCheck {
  /** When it ended, in milliseconds since 1970; `undefined` if there was none yet. */
  readonly endedMs: number | undefined;
  /** Since when checks are due, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Damage that it left. */
  readonly damaged: number;
  /** Damage that it mended. */
  readonly mended: number;
}

/** When everything was last checked, by any process, and the result. */
export class CheckRecord {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async write(check: LastCheck): Promise<void> {
    await this.#driver.write({ key: layout.lastCheck, content: Buffer.from(JSON.stringify(check)) });
  }

  /** `undefined` if nothing is recorded, or the record is damaged. */
  async read(): Promise<LastCheck | undefined> {
    const content = await this.#driver.read(layout.lastCheck);
    try {
      const { endedMs, sinceMs, damaged, mended } = JSON.parse(content?.toString() ?? "null") ?? {};
      const isWhole = [endedMs ?? 0, sinceMs, damaged, mended].every((number) => Number.isFinite(number));
      return isWhole ? { endedMs: endedMs ?? undefined, sinceMs, damaged, mended } : undefined;
    } catch {
      return undefined;
    }
  }
}
