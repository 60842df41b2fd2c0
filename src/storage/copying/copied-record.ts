import { type StorageDriver, smallObjectBytes } from "../driver.js";
import { layout } from "../layout.js";

/** Text of a small object, or `null` for a key of which only the presence counts; by key. */
export type CopiedKeys = ReadonlyMap<string, string | null>;

interface CopiedGroup {
  readonly group: string;
  readonly keys: CopiedKeys;
}

/** A record of a repository with very many tags. */
const longestRecord = 16 * smallObjectBytes;

/**
 * What copies have brought to the target, by group: a repository, or a folder of ours. Only that is removed again once
 * the source no longer has it, so that nothing is lost that somebody else has put there.
 */
export class CopiedRecord {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async read(group: string): Promise<CopiedKeys> {
    const bytes = await this.#driver.read(layout.copied(group), longestRecord);
    return parse(bytes)?.keys ?? new Map();
  }

  async write(group: string, keys: CopiedKeys): Promise<void> {
    if (keys.size === 0) return this.#driver.remove(layout.copied(group));
    const content = Buffer.from(JSON.stringify({ group, keys: Object.fromEntries(keys) }));
    await this.#driver.write({ key: layout.copied(group), content });
  }

  /** All groups of which something was copied. */
  async *groups(): AsyncIterable<string> {
    for (const name of await this.#driver.list(layout.copies)) {
      const found = parse(await this.#driver.read(`${layout.copies}/${name}`, longestRecord));
      if (found !== undefined) yield found.group;
    }
  }
}

function parse(bytes: Buffer | undefined): CopiedGroup | undefined {
  try {
    const { group, keys } = JSON.parse(bytes?.toString() ?? "");
    return typeof group === "string" ? { group, keys: new Map(Object.entries(keys)) } : undefined;
  } catch {
    return undefined;
  }
}
