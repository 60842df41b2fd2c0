import type { BlobReader } from "../oci/blob-reader.js";
import type { ObjectContent, Staging } from "./staging.js";

/** What is read as a whole is small, unless the caller says how large it may be. */
export const smallObjectBytes = 16 * 1024 * 1024;

/** What is known of an object without reading it. */
export interface ObjectStat {
  /** Bytes. */
  readonly size: number;
  /** When its content was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /**
   * Differs whenever the object was replaced or changed, by whichever process; `undefined` if it changed so recently
   * that a second change might not be told apart. What was read under a version may be kept as long as it lasts.
   */
  readonly version: string | undefined;
}

/** Which names of a list are wanted: those after one, and at most so many. */
export interface NamesWanted {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface LockOptions {
  /** Milliseconds to wait for whoever holds the lock, in this process or another; 30 s if it is not said. */
  readonly waitMs?: number;
}

/**
 * Keys and bytes: all that Berth asks of a place to store things, and nothing that a bucket could not do. Keys are paths of
 * components joined by `/`, built by `layout.ts` alone. Absence is `undefined`. What `write`, `remove`, `erase` and
 * `commit` acknowledge survives a power cut. A call that fails may have done its work all the same: the answer was lost.
 * Failures that can be foreseen are a `StorageError`.
 *
 * A driver may be able to do more, as a file system that renames, and makes many changes durable by one sync. It does so
 * behind these calls: that is why `write` and `remove` take several objects, and `commit` writes others beside.
 */
export interface StorageDriver {
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Content of more bytes than that counts as absent: another program put it there. */
  read(key: string, atMost?: number): Promise<Buffer | undefined>;
  openRead(key: string): Promise<BlobReader | undefined>;
  /**
   * Writes objects in their order, each as a whole or not at all: a reader that sees one sees those before it. Together
   * they are cheaper than one after another.
   */
  write(...objects: readonly ObjectContent[]): Promise<void>;
  /**
   * Removes objects, or all below the keys; of those below one key what comes first in code point order is removed first.
   * What is not there is no error. Together they are cheaper than one after another.
   */
  remove(...keys: readonly string[]): Promise<void>;
  /**
   * Names of the children of a key, in code point order, where `a` comes before `a-b`, whatever lies below them. If fewer
   * come than the limit, there are no more. What was written or removed `listLagMs` ago or earlier is in it; `stat` and
   * `read` see the same at once.
   */
  list(key: string, wanted?: NamesWanted): Promise<readonly string[]>;
  /** How old a list may be, in milliseconds; 0 if it never lags behind. */
  readonly listLagMs: number;
  /**
   * Differs whenever a child of the key came or went, so that what was made of a list may be kept as long as it lasts;
   * `undefined` if the storage cannot tell, or not yet.
   */
  listVersion(key: string): Promise<string | undefined>;
  /** `undefined` if the storage has none, or none that hold when two processes race. */
  readonly conditional: ConditionalWrites | undefined;
  readonly withdrawal: Withdrawal;
  readonly staging: Staging;
  /**
   * Runs the action while no other holder of the lock runs, in this process or another. The lock is a lease: it may be lost
   * while the action runs. An optimisation, never a proof.
   * @param action gets a signal that is aborted when the lock is lost: another process may have it then
   * @throws LockError if it cannot be had in time, or was lost before the action ended
   */
  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result>;
  /**
   * Tells other processes that this one works on the storage, until it takes that back or ends.
   * @returns what takes it back
   */
  markWork(): Promise<() => Promise<void>>;
  /** Whether any process works on the storage. One that ended elsewhere, and could not say so, counts for a while. */
  isWorkedOn(): Promise<boolean>;
}

/** Writes of which at most one succeeds, however many processes try at the same time. */
export interface ConditionalWrites {
  /** @returns whether it was written; `false` if there is such an object */
  writeIfAbsent(object: ObjectContent): Promise<boolean>;
  /** @returns whether it was written; `false` if the object no longer has this version, or is gone */
  writeIfVersion(object: ObjectContent, version: string): Promise<boolean>;
}

/**
 * Removal of objects that others may begin to need at the same time, without a lock that each of these would have to take:
 *
 *   who removes:  1. withdraws the object   2. looks whether anything needs it, after `listLagMs` if that takes lists
 *                 3. releases it if so, else erases it
 *   who needs it: 1. writes down that it is needed   2. calls `keep`, and stores the object again if that says `false`
 *
 * Either the need was written down before the object was withdrawn, and is seen in the second step; or afterwards, and then
 * `keep` meets the withdrawal. Of `keep` and `erase` one has its way. A withdrawn object can be read until it is
 * erased, under its key or its note, so a reader looks at both.
 *
 * The note is a second key. A file system moves the object there, so that what is stored under its own key meanwhile is not
 * concerned; a bucket writes a tombstone there, and leaves the object where it is.
 */
export interface Withdrawal {
  /** @returns what the object was; `undefined` if there is none */
  withdraw(key: string, note: string): Promise<ObjectStat | undefined>;
  /** Ends a withdrawal: the object is in its place again. Also of one whose process was killed. */
  release(key: string, note: string): Promise<void>;
  /** Ends a withdrawal: the object is gone, unless `keep` came first. Also of one whose process was killed. */
  erase(key: string, note: string): Promise<void>;
  /**
   * Whether the object is there, and no withdrawal that has begun will take it. If not, what is stored under the key from
   * then on stays.
   * @throws StorageError `busy` if that cannot be said in time
   */
  keep(key: string, note: string): Promise<boolean>;
}
