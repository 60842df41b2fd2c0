import type { BlobReader } from "../oci/blob-reader.js";
import type { NamesWanted } from "./driver.js";

export interface ObjectContent {
  readonly key: string;
  readonly content: Uint8Array;
}

export interface StagedStat {
  /** Bytes. */
  readonly size: number;
  /** When it last grew, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/**
 * The place of what is not finished, apart from the store of objects: files near it, or parts of an upload. Its keys are
 * paths as those of objects are; none is of both.
 */
export interface Staging {
  /** The unfinished object at a key, whether it exists or not. */
  at(key: string): StagedObject;
  /** Names of the children of a key below which something is staged, in code point order. */
  list(key: string, wanted?: NamesWanted): Promise<readonly string[]>;
  /** Removes all that is staged at a key or below it. */
  remove(key: string): Promise<void>;
}

/** An object that is not finished. It has no name yet, and outlives the process. */
export interface StagedObject {
  stat(): Promise<StagedStat | undefined>;
  /**
   * Creates the object if needed and appends the content at `offset`; returns the new size. What arrived before a
   * failure stays. Large pieces cost least; each is done with when the next one is asked for. What is acknowledged
   * survives the process.
   * @throws OffsetMismatchError if the object does not end at `offset`
   */
  append(offset: number, content: AsyncIterable<Buffer>): Promise<number>;
  openRead(): Promise<BlobReader | undefined>;
  /**
   * Makes the content an object, replacing what had the key: durable, as a whole or not at all.
   * @param beside objects to write after it, as one durable change: cheaper than one after another
   */
  commit(key: string, beside?: readonly ObjectContent[]): Promise<void>;
  /** Removes it, and the folder it lies in if nothing is left there. */
  discard(): Promise<void>;
  /** Removes it, and the folders above it that hold nothing else, as far as one of this key. */
  discardWithFolders(below: string): Promise<void>;
  /** Empties it first, so that whoever reads along meets its end at once, in whichever process. */
  spoil(): Promise<void>;
}

export class OffsetMismatchError extends Error {
  override readonly name = "OffsetMismatchError";
  /** Where the object ends. */
  readonly offset: number;

  constructor(offset: number) {
    super(`the object ends at ${offset}`);
    this.offset = offset;
  }
}
