import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester, digestOf, isDigestOfNothing } from "../../oci/digest.js";
import { StorageError } from "../../oci/storage-error.js";
import type { ObjectStat, StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** Bytes as they were found, to recognise them. */
export type FoundBytes = Pick<ObjectStat, "size" | "modifiedMs">;

export interface WholeBytes {
  readonly state: "whole";
  readonly size: number;
}

/** What the storage holds under a digest. */
export type BytesState =
  | WholeBytes
  | { readonly state: "absent" }
  | {
      readonly state: "damaged";
      /** What is wrong with them; follows "its bytes". */
      readonly why: string;
      /** As they were found. */
      readonly seen: FoundBytes;
    };

export interface Inspecting {
  /** Whether to hash the bytes. Otherwise only what their size shows is found. */
  readonly isHashed: boolean;
  /** The size that they should have, if it is known. */
  readonly size?: number | undefined;
  /** Called after each piece that was read: waits as long as others should go first. @throws if the work is to end */
  pace(bytes: number): Promise<void>;
}

const pieceBytes = 512 * 1024;

/** Opening a larger one costs little beside reading it, and many at once would fill the memory. */
const smallBytes = 64 * 1024;

/** One failure may be that of a cable or of the memory, and a push may replace the bytes while they are read. */
const mostLooks = 4;

/** Looks at bytes as they are stored, whatever this process has in memory. */
export class BlobInspection {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  look(digest: Digest, how: Inspecting): Promise<BytesState> {
    return inspectBytes(this.#driver, digest, how);
  }

  /**
   * Looks at several with one order to the driver. `undefined` for those that need a look of their own: all that may not
   * be whole, and large ones.
   */
  async lookAtMany(
    digests: readonly Digest[],
    { isHashed, pace }: Pick<Inspecting, "isHashed" | "pace">,
  ): Promise<readonly (WholeBytes | undefined)[]> {
    const keys = digests.map(layout.blob);
    if (isHashed) return hashMany(digests, await this.#driver.many.read(keys, smallBytes), pace);
    const stats = await this.#driver.many.stat(keys);
    return stats.map((stat) => (stat instanceof StorageError || !stat?.size ? undefined : wholeBytes(stat.size)));
  }

  /** Whether the bytes are still those that were found. */
  async isUnchanged(digest: Digest, found: FoundBytes): Promise<boolean> {
    const stat = await this.#driver.stat(layout.blob(digest));
    return stat !== undefined && isSameBytes(stat, found);
  }
}

/** Those whose bytes match their digest. */
async function hashMany(
  digests: readonly Digest[],
  contents: readonly (Buffer | undefined)[],
  pace: Inspecting["pace"],
): Promise<readonly (WholeBytes | undefined)[]> {
  const found: (WholeBytes | undefined)[] = [];
  for (const [index, digest] of digests.entries()) {
    const bytes = contents[index];
    const isWhole = bytes !== undefined && digestOf(bytes, algorithmOf(digest)) === digest;
    found.push(isWhole ? wholeBytes(bytes.length) : undefined);
    if (isWhole) await pace(bytes.length);
  }
  return found;
}

function wholeBytes(size: number): WholeBytes {
  return { state: "whole", size };
}

/** Reads what is stored under a digest. It is called damaged only if two looks at the same bytes have shown that. */
async function inspectBytes(driver: StorageDriver, digest: Digest, how: Inspecting): Promise<BytesState> {
  const key = layout.blob(digest);
  let before: FoundBytes | undefined;
  for (let look = 0; look < mostLooks; look++) {
    const seen = await driver.stat(key);
    if (seen === undefined) return stateAside(driver, digest);
    const why = await damageOf(driver, digest, seen, how);
    if (why === undefined) return { state: "whole", size: seen.size };
    if (before !== undefined && isSameBytes(before, seen)) return { state: "damaged", why, seen };
    before = seen;
  }
  // It is replaced all the time, so somebody is mending it.
  return { state: "whole", size: before?.size ?? 0 };
}

/** Neither changes if they are only moved. */
export function isSameBytes(one: FoundBytes, other: FoundBytes): boolean {
  return one.size === other.size && one.modifiedMs === other.modifiedMs;
}

/** An eviction sets bytes aside for a moment, and puts them back if anything needs them. */
async function stateAside(driver: StorageDriver, digest: Digest): Promise<BytesState> {
  for (const key of driver.withdrawal.placesOf(layout.blob(digest), layout.evicting(digest))) {
    const found = await driver.stat(key);
    if (found !== undefined) return { state: "whole", size: found.size };
  }
  return { state: "absent" };
}

async function damageOf(
  driver: StorageDriver,
  digest: Digest,
  { size }: FoundBytes,
  how: Inspecting,
): Promise<string | undefined> {
  if (size === 0) return isDigestOfNothing(digest) ? undefined : "are gone: it is empty";
  if (how.size !== undefined && size !== how.size) return `should be ${how.size}, but there are ${size}`;
  if (!how.isHashed) return undefined;
  try {
    const reader = await driver.openRead(layout.blob(digest));
    // It is gone, which the next look shows.
    if (reader === undefined) return "are gone";
    return (await digestAhead(reader, digest, how)) === digest ? undefined : "do not match its digest";
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== "unavailable") throw error;
    return `cannot be read (${error.message})`;
  }
}

/** Hashes one piece while the next is being read, and closes the reader. */
async function digestAhead(reader: BlobReader, like: Digest, { pace }: Inspecting): Promise<Digest> {
  const digester = new Digester(algorithmOf(like));
  const bytes = Math.min(pieceBytes, reader.size);
  let [piece, other] = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(reader.size > bytes ? bytes : 0)];
  try {
    reader.expect?.(0, reader.size);
    let count = await reader.read(piece, 0);
    while (count > 0) {
      const position = digester.length + count;
      const next = position < reader.size ? reader.read(other, position) : Promise.resolve(0);
      // Whatever happens meanwhile: what fails is thrown below.
      next.catch(() => {});
      digester.update(piece.subarray(0, count));
      await pace(count);
      count = await next;
      [piece, other] = [other, piece];
    }
    return digester.digest();
  } finally {
    await reader.close();
  }
}
