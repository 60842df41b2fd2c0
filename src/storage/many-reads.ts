import { inParallel } from "../foundation/in-parallel.js";
import { StorageError } from "../oci/storage-error.js";
import type { ObjectStat, StorageDriver } from "./driver.js";

/** Names of the children of a key. */
export interface Listing {
  readonly names: readonly string[];
  /** As `listVersion` says it, from before the names were read. */
  readonly version: string | undefined;
}

/** An answer, or why there is none: one faulty folder must not keep a walk from all others. */
export type Answered<Answer> = Answer | StorageError;

/**
 * Questions about many objects in one call, for walks over everything: hundreds of thousands of single calls cost many
 * times more. Each answer is that of the single call, in the order of the keys.
 */
export interface ManyReads {
  /** Whether there is an object. */
  has(keys: readonly string[]): Promise<readonly Answered<boolean>[]>;
  stat(keys: readonly string[]): Promise<readonly Answered<ObjectStat | undefined>[]>;
  /** `undefined` also for what cannot be read: a single call says why. */
  read(keys: readonly string[], atMost: number): Promise<readonly (Buffer | undefined)[]>;
  list(keys: readonly string[]): Promise<readonly Answered<Listing>[]>;
  /** `undefined` also for what cannot be looked at. */
  listVersion(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
}

/** @throws StorageError if that is what the answer is */
export function orThrow<Answer>(answer: Answered<Answer>): Answer {
  if (answer instanceof StorageError) throw answer;
  return answer;
}

/** Single calls that wait for their answers at the same time. */
const callsAtOnce = 16;

/** For a driver without a cheaper way. */
export function oneByOne(driver: Pick<StorageDriver, "stat" | "read" | "list" | "listVersion">): ManyReads {
  return {
    has: (keys) => answers(keys, (key) => answered(async () => (await driver.stat(key)) !== undefined)),
    stat: (keys) => answers(keys, (key) => answered(() => driver.stat(key))),
    read: (keys, atMost) => answers(keys, (key) => driver.read(key, atMost).catch(() => undefined)),
    list: (keys) =>
      answers(keys, (key) =>
        answered(async () => {
          const version = await driver.listVersion(key);
          return { names: await driver.list(key), version };
        }),
      ),
    listVersion: (keys) => answers(keys, async (key) => versionIn(await answered(() => driver.listVersion(key)))),
  };
}

async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answered<Answer>> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

function versionIn(answer: Answered<string | undefined>): string | undefined {
  return answer instanceof StorageError ? undefined : answer;
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
