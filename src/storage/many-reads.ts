import { inParallel } from "../foundation/in-parallel.js";
import type { ObjectStat, StorageDriver } from "./driver.js";

/** Names of the children of a key. */
export interface Listing {
  readonly names: readonly string[];
  /** As `listVersion` says it, from before the names were read. */
  readonly version: string | undefined;
}

/**
 * Questions about many objects in one call, for walks over everything: hundreds of thousands of single calls cost many
 * times more. Each answer is that of the single call, in the order of the keys.
 */
export interface ManyReads {
  /** Whether there is an object. */
  has(keys: readonly string[]): Promise<readonly boolean[]>;
  stat(keys: readonly string[]): Promise<readonly (ObjectStat | undefined)[]>;
  /** `undefined` also for what cannot be read: a single call says why. */
  read(keys: readonly string[], atMost: number): Promise<readonly (Buffer | undefined)[]>;
  list(keys: readonly string[]): Promise<readonly Listing[]>;
  listVersion(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
}

/** Single calls that wait for their answers at the same time. */
const callsAtOnce = 16;

/** For a driver without a cheaper way. */
export function oneByOne(driver: Pick<StorageDriver, "stat" | "read" | "list" | "listVersion">): ManyReads {
  return {
    has: (keys) => answers(keys, async (key) => (await driver.stat(key)) !== undefined),
    stat: (keys) => answers(keys, (key) => driver.stat(key)),
    read: (keys, atMost) => answers(keys, (key) => driver.read(key, atMost).catch(() => undefined)),
    list: (keys) =>
      answers(keys, async (key) => {
        const version = await driver.listVersion(key);
        return { names: await driver.list(key), version };
      }),
    listVersion: (keys) => answers(keys, (key) => driver.listVersion(key)),
  };
}

async function answers<Answer>(
  keys: readonly string[],
  ask: (key: string) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const found = new Array<Answer>(keys.length);
  await inParallel(keys.entries(), callsAtOnce, async ([index, key]) => {
    found[index] = await ask(key);
  });
  return found;
}
