import type { BlobReader } from "../oci/blob-reader.js";
import type { DiskRoom } from "./disk-room.js";
import type { LocalCopies } from "./local-copies.js";
import type { ManyReads } from "./many-reads.js";
import type { ObjectContent, Staging } from "./staging.js";

/** Limit for reading an object as a whole, unless the caller sets another. */
export const smallObjectBytes = 16 * 1024 * 1024;

/** What is known about an object without reading it. */
export interface ObjectStat {
  /** Bytes. */
  readonly size: number;
  /** When its content was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /**
   * Differs after the object was replaced or changed, by any process. `undefined` if it changed so recently that a
   * second change might go unnoticed. What was read under a version may be cached while the version stays the same.
   */
  readonly version: string | undefined;
}

/** What was read of an object. */
export interface ReadObject {
  readonly stat: ObjectStat;
  readonly content: Buffer | undefined;
}

/** Selects names of a list: those after a name, and at most `limit`. */
export interface NamesWanted {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** An object of a list of all. */
export interface FoundObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export interface LockOptions {
  /** Milliseconds to wait for the holder of the lock, in this process or another; default 30 s. */
  readonly waitMs?: number;
  /**
   * What processes on other machines that find the lock held are told in their `LockError`, such as an address. Only
   * of a storage that many machines use.
   */
  readonly holder?: string;
  /**
   * A holder that seems to have ended: its lock is taken over as soon as it has not been renewed for this long, which
   * is 0 if it is certain.
   */
  readonly ended?: { readonly holder: string; readonly afterMs: number };
}

/**
 * Keys and bytes: all that Berth needs from a storage backend, and nothing that a bucket cannot do. Keys are paths of
 * components joined by `/`, built only by `layout.ts`. Absence is `undefined`. What `write`, `remove`, `erase` and
 * `commit` acknowledge survives a power failure. A call that fails may still have taken effect, if only the answer was
 * lost. Expected failures are a `StorageError`.
 *
 * A driver may be able to do more: a file system can rename, and make many changes durable with one sync. It does so
 * behind these calls, which is why `write` and `remove` take several objects, and why `commit` also writes others.
 */
/** Part of the objects below a key. */
export interface KeysFound {
  /** In the order of bytes, below the key: without it. */
  readonly keys: readonly string[];
  /** Whether no key comes after them. */
  readonly isEnd: boolean;
}

export interface StorageDriver {
  stat(key: string): Promise<ObjectStat | undefined>;
  /**
   * The same for answers to pulls, whose number must not become that of requests to a distant store: what other
   * processes changed may be seen a moment later, as configured. Absent if `stat` is cheap.
   */
  readonly statRecently?: ((key: string) => Promise<ObjectStat | undefined>) | undefined;
  /** Content larger than `atMost` bytes counts as absent: another program put it there. */
  read(key: string, atMost?: number): Promise<Buffer | undefined>;
  /** The same with its stat, in one request; absent if `stat` is cheap. The content is `undefined` if it is larger. */
  readonly readWithStat?: ((key: string, atMost: number) => Promise<ReadObject | undefined>) | undefined;
  openRead(key: string): Promise<BlobReader | undefined>;
  /**
   * The same for pulls: those of one object at a time may share what a distant store sends, so what other processes
   * changed may be seen a moment later. Absent if `openRead` is cheap.
   */
  readonly openRecently?: ((key: string) => Promise<BlobReader | undefined>) | undefined;
  /**
   * Writes objects in order, each as a whole or not at all: a reader that sees one also sees those before it. One call
   * for several objects is cheaper than several calls.
   */
  write(...objects: readonly ObjectContent[]): Promise<void>;
  /**
   * Removes objects, or everything below the keys. Below one key, removal follows code point order. A missing key is
   * not an error. One call for several keys is cheaper than several calls.
   */
  remove(...keys: readonly string[]): Promise<void>;
  /**
   * Names of the children of a key in code point order, where `a` comes before `a-b` whatever is below them. Fewer
   * names than the limit mean that there are no more. The list includes every change that is at least `listLagMs` old;
   * `stat` and `read` see changes at once.
   */
  list(key: string, wanted?: NamesWanted): Promise<readonly string[]>;
  /**
   * Keys of objects below a key, beginning with those below one of its children, as far as one request brings them.
   * Absent if that is no cheaper than lists of the children one by one.
   */
  readonly keysFrom?: ((key: string, child: string, atMost: number) => Promise<KeysFound>) | undefined;
  /** All objects below a key, in any order. Absent if that is no cheaper than lists. */
  readonly all?: ((key: string) => AsyncIterable<FoundObject>) | undefined;
  /**
   * Takes out of lists each of the keys, and what is above it up to another key, as far as no object is below. Never
   * removes an object, whoever writes one meanwhile. Absent where only what holds an object is listed.
   */
  readonly prune?: ((keys: readonly string[], upTo: string) => Promise<void>) | undefined;
  /** How far a list may lag behind, in milliseconds; 0 if it never does. */
  readonly listLagMs: number;
  /**
   * Differs after a child of the key was added or removed, so that what was derived from a list may be cached while it
   * stays the same; `undefined` if the storage cannot tell, or cannot tell yet.
   */
  listVersion(key: string): Promise<string | undefined>;
  readonly many: ManyReads;
  /** `undefined` if the storage has none, or none that are safe when two processes race. */
  readonly conditional: ConditionalWrites | undefined;
  readonly withdrawal: Withdrawal;
  /** Unfinished content that any process can continue, on whatever machine. */
  readonly staging: Staging;
  /** Where copies of large objects are kept on this machine; absent if there is no such place. */
  readonly copies?: LocalCopies | undefined;
  /** Absent if there is no disk that could fill. */
  readonly room?: (() => Promise<DiskRoom>) | undefined;
  readonly machine: MachineWork;
  /**
   * Runs the action while no other holder of the lock runs, in this process or another. The lock is a lease that may be
   * lost while the action runs: use it to save work, never for correctness.
   * @param action gets a signal that is aborted when the lock is lost: another process may hold it then
   * @throws LockError if the lock cannot be obtained in time, or was lost before the action ended
   */
  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result>;
  /**
   * Looks, then writes the objects, both under a lock: for changes so frequent that a storage may have a cheaper way.
   * What `look` sees may be outdated if another process has the lock before the objects are written.
   */
  writeUnderLock<Result>(name: string, objects: readonly ObjectContent[], look: () => Promise<Result>): Promise<Result>;
  /**
   * Tells other processes that this one is working on the storage, until the mark is removed or the process ends.
   * @returns a function that removes the mark
   */
  markWork(): Promise<() => Promise<void>>;
  /** Whether any process is working on the storage. A process on another machine that was killed counts for a while. */
  isWorkedOn(): Promise<boolean>;
}

/**
 * What only the processes of one machine share: content on its way into the storage that many read while it grows, such
 * as a download. Where the storage itself is on this machine, it is the same as for all.
 */
export interface MachineWork extends Pick<StorageDriver, "withLock"> {
  readonly staging: Staging;
}

/** `writeUnderLock` of a driver without a cheaper way. */
export function lookThenWrite<Result>(
  driver: Pick<StorageDriver, "withLock" | "write">,
  name: string,
  objects: readonly ObjectContent[],
  look: () => Promise<Result>,
): Promise<Result> {
  return driver.withLock(name, async () => {
    const seen = await look();
    await driver.write(...objects);
    return seen;
  });
}

/** Writes of which at most one succeeds, however many processes try at the same time. */
export interface ConditionalWrites {
  /** @returns whether it was written; `false` if the object exists already */
  writeIfAbsent(object: ObjectContent): Promise<boolean>;
  /** @returns whether it was written; `false` if the object no longer has this version, or no longer exists */
  writeIfVersion(object: ObjectContent, version: string): Promise<boolean>;
}

/**
 * Removes objects that others may start to need at the same time, without a lock that each of them would have to take:
 *
 * - the remover:
 *   1. withdraws the object
 *   2. checks whether anything needs it, after `listLagMs` if the check uses lists
 *   3. releases it if so, else erases it
 * - the user:
 *   1. records that it needs the object
 *   2. calls `keep`, and stores the object again if that returns `false`
 *
 * Either the need was recorded before the object was withdrawn, and step 2 of the remover sees it; or it was recorded
 * afterwards, and `keep` meets the withdrawal. Of `keep` and `erase`, exactly one wins. A withdrawn object can be read
 * until it is erased, in one of the places that `placesOf` names.
 *
 * The note is a second key. A file system moves the object there, so that an object stored under the original key
 * meanwhile is not affected; a bucket writes a tombstone there, and leaves the object where it is.
 */
export interface Withdrawal {
  /** Where to look for an object that may be withdrawn, in this order; the first place may be named again. */
  placesOf(key: string, note: string): readonly string[];
  /**
   * @returns the stat of the object as it was withdrawn, so that a write shortly before shows; `undefined` if there is
   * none
   */
  withdraw(key: string, note: string): Promise<ObjectStat | undefined>;
  /** Ends a withdrawal and puts the object back. Also works for the withdrawal of a killed process. */
  release(key: string, note: string): Promise<void>;
  /**
   * Ends a withdrawal and deletes the object, unless `keep` came first. Also works for the withdrawal of a killed
   * process.
   */
  erase(key: string, note: string): Promise<void>;
  /**
   * Whether the object exists, and no withdrawal that has started will delete it. If `false`, an object stored under
   * the key from then on is safe.
   * @throws StorageError `busy` if this cannot be decided in time
   */
  keep(key: string, note: string): Promise<boolean>;
}
