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

  /** What each process counted, as far as it has written it. */
  async read(date: string): Promise<ReadonlyMap<string, DayCounts>> {
    const processes = await this.#driver.list(layout.day(date));
    const texts = await Promise.all(processes.map((process) => this.#driver.read(layout.dayOf(date, process))));
    const counts = processes.map((process, index) => [process, parse(texts[index])] as const);
    return new Map(counts);
  }

  /** Removes all days before a date. */
  async forgetBefore(date: string): Promise<void> {
    const old = (await this.#driver.list(layout.days)).filter((day) => day < date);
    if (old.length > 0) await this.#driver.remove(...old.map(layout.day));
  }
}

function parse(text: Buffer | undefined): DayCounts {
  try {
    const counts: unknown = JSON.parse(text?.toString() ?? "{}");
    if (typeof counts !== "object" || counts === null) return {};
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count)));
  } catch {
    return {};
  }
}
