import { isRepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** The names of all repositories, as they once were. */
export interface NamesAsRead {
  /** What made the list: another configuration shows other names. */
  readonly source: string;
  /** In code point order. */
  readonly names: readonly string[];
}

/** 200,000 names of 100 bytes, and twice as much for long ones. */
const longestBytes = 40_000_000;

/**
 * The list of all names, for the next process: where there are very many repositories, reading it takes milliseconds,
 * and a walk takes seconds. Losing it is safe.
 */
export class KeptNames {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async write({ source, names }: NamesAsRead): Promise<void> {
    const content = Buffer.from([source, ...names].join("\n"));
    if (content.length <= longestBytes) await this.#driver.write({ key: layout.keptNames, content });
  }

  /** The names that this source listed last; `undefined` if they were not kept. */
  async read(source: string): Promise<NamesAsRead | undefined> {
    const text = (await this.#driver.read(layout.keptNames, longestBytes))?.toString();
    if (text === undefined) return undefined;
    const [keptSource, ...names] = text.split("\n");
    return keptSource === source ? { source, names: names.filter(isRepositoryName) } : undefined;
  }
}
