import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Numbers by name. */
export type DayCounts = Readonly<Record<string, number>>;

/** What each process counted on a day, an object each. Losing some of it is safe: it is for people to look at. */
export class DayCountStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** @param date such as `2026-01-31` */
  async write(date: string, process: string, counts: DayCounts): Promise<void> {
    await this.#driver.write({ key: layout.dayOf(date, process), content: Buffer.from(JSON.stringify(counts)) });
  }

  /** What all processes counted, except one. */
  async readOthers(date: string, process: string): Promise<readonly DayCounts[]> {
    const processes = (await this.#driver.list(layout.day(date))).filter((each) => each !== process);
    const texts = await Promise.all(processes.map((each) => this.#driver.read(layout.dayOf(date, each))));
    return texts.flatMap((text) => (text === undefined ? [] : parse(text)));
  }

  /** Removes all days before a date. */
  async forgetBefore(date: string): Promise<void> {
    const old = (await this.#driver.list(layout.days)).filter((day) => day < date);
    if (old.length > 0) await this.#driver.remove(...old.map(layout.day));
  }
}

function parse(text: Buffer): DayCounts[] {
  try {
    const counts: unknown = JSON.parse(text.toString());
    if (typeof counts !== "object" || counts === null) return [];
    return [Object.fromEntries(Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count)))];
  } catch {
    return [];
  }
}
