import type { BlobReader } from "../oci/blob-reader.js";
import type { ObjectContent, StagedObject } from "./staging.js";

/** What is read as a whole is small, unless whoever reads it says how large it may be. */
export const smallObjectBytes = 16 * 1024 * 1024;

/** What is known of an object without reading it. */
export interface ObjectStat {
  /** Bytes. */
  readonly size: number;
  /** When its content was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /**
   * Differs whenever the object was replaced or changed, by whichever process; `undefined` when it changed so
   * recently that a second change might not be told apart. What was read under a version may be kept as long as it lasts.
   */
  readonly version: string | undefined;
}

/** Which names of a list are wanted: those after one, and at most so many. */
export interface NamesWanted {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * Keys and bytes: all that Berth asks of a place to store things. Keys are paths of components joined by `/`, built
 * by `layout.ts` alone. Absence is `undefined`. Whatever is acknowledged by `write`, `remove`, `move` and `commit` survives a
 * power cut; what `append` acknowledged survives the process. What the disk refuses is a `StorageError`, if anybody foresaw it.
 */
export interface StorageDriver {
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Content of more bytes than that counts as absent: somebody else put it there. */
  read(key: string, atMost?: number): Promise<Buffer | undefined>;
  /** Writes objects in their order, each at once or not at all; together they are cheaper than one after another. */
  write(...objects: readonly ObjectContent[]): Promise<void>;
  openRead(key: string): Promise<BlobReader | undefined>;
  /**
   * Removes objects, or all below the keys, each at once; together they are cheaper than one after another. No error
   * for what is not there.
   */
  remove(...keys: readonly string[]): Promise<void>;
  /**
   * Gives an object another key, at once, replacing what had it, and removes the folder that it lay in if nothing is
   * left there; who reads it goes on.
   * @returns `false` if there is no such object
   */
  move(from: string, to: string): Promise<boolean>;
  /** Empties the object if it still has this version; never one that replaced it. */
  clear(key: string, version: string): Promise<void>;
  /** Makes an empty folder, where the storage knows folders: for other programs that look for it. */
  ensureFolder(key: string): Promise<void>;
  /**
   * Names of the children of a key, in code point order. The same array is returned as long as nothing changed, so
   * that what is derived from it may be kept with it.
   */
  list(key: string, wanted?: NamesWanted): Promise<readonly string[]>;
  /**
   * Runs the action while no other holder of the lock runs, in this process or another. An optimisation, never a proof.
   * @param action gets a signal that is aborted when the lock is lost: somebody else may have it then
   * @throws LockError when it cannot be had in time, or was lost before the action ended
   */
  withLock<Result>(name: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result>;
  /**
   * Tells other processes that this one works on the storage, until it takes that back or ends.
   * @returns what takes it back
   */
  markWork(): Promise<() => Promise<void>>;
  /** Whether any process works on the storage. One that ended elsewhere, and could not say so, counts for a while. */
  isWorkedOn(): Promise<boolean>;
  /** The unfinished object at a key, whether it exists or not. */
  stage(key: string): StagedObject;
}
