import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LockError } from "../../../oci/storage-error.js";
import { defaultWaitMs, KeyedQueue } from "../keyed-queue.js";
import { type LockFile, lockIsHeld, lockWasLost } from "./disk-lock.js";
import { lockFileCalls } from "./lock-file-calls.js";
import { lifeOf, self } from "./lock-owner.js";
import { makeFoldersAside } from "./make-folders.js";
import { OwnName } from "./own-name.js";
import { OwnerFiles, ownerOf } from "./owner-files.js";
import { hasCode, toChangeError } from "./system-error.js";

/** If the owner cannot be checked from here, a lock that was not renewed for this long counts as abandoned. */
const defaultStaleMs = 10_000;
const firstRetryMs = 5;
const longestRetryMs = 200;

interface Asked {
  readonly name: string;
  /** By the clock of `performance.now`. */
  readonly deadline: number;
}

/**
 * Locks between the processes on one data directory. Within this process, requests queue; only the head of the queue
 * takes the lock file. For an owner on this machine it is known whether it is alive: its lock is taken over as soon as
 * it has ended, and never before. The lock of another machine is taken over after its stale time.
 */
export class FileLocks {
  readonly #folder: string;
  readonly #staleMs: number;
  readonly #queue = new KeyedQueue();
  readonly #files: OwnerFiles;
  readonly #ownName: OwnName;
  readonly #calls: ReturnType<typeof lockFileCalls>;

  constructor(folder: string, files = new OwnerFiles(), staleMs = defaultStaleMs) {
    this.#folder = folder;
    this.#files = files;
    this.#ownName = new OwnName(join(dirname(folder), "processes"), self, files);
    this.#calls = lockFileCalls(self, files, this.#ownName);
    this.#staleMs = staleMs;
  }

  /** @param waitMs how long to wait, in the queue and for the lock file together */
  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    waitMs: number = defaultWaitMs,
  ): Promise<Result> {
    const deadline = performance.now() + waitMs;
    return new Promise((resolve, reject) => {
      // The caller continues when the action has ended; the next in the queue, once the lock file is removed too.
      this.#queue.run(name, () => this.#withLockFile({ name, deadline }, action, resolve), waitMs).catch(reject);
    });
  }

  /**
   * The same for an action that takes the given lock file and releases it, as `whileLocked` does.
   * Where lock files are not links, the action gets none, and runs while this process holds the lock.
   */
  async withTakenLock<Result>(name: string, action: (file: LockFile | undefined) => Promise<Result>): Promise<Result> {
    if (this.#files.areLinks !== true) return this.withLock(name, () => action(undefined));
    const deadline = performance.now() + defaultWaitMs;
    await this.#ownName.exists();
    const file = { path: this.#pathOf(name), owner: self, ownName: this.#ownName.path };
    const attempt = async (): Promise<Result> => {
      try {
        return await action(file);
      } catch (error) {
        if (hasCode(error, lockWasLost)) throw new LockError("lost", `the lock of ${name} was lost`, { cause: error });
        if (!hasCode(error, lockIsHeld)) throw error;
        // Waits for the holder, or takes over from one that has ended.
        await (await this.#acquire({ name, deadline }, file.path, () => {}))();
        return attempt();
      }
    };
    return this.#queue.run(name, attempt, defaultWaitMs);
  }

  #pathOf(name: string): string {
    return join(this.#folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
  }

  async #withLockFile<Result>(
    { name, deadline }: Asked,
    action: (lost: AbortSignal) => Promise<Result>,
    done: (result: Result) => void,
  ): Promise<void> {
    const path = this.#pathOf(name);
    const lost = new AbortController();
    const reportLoss = (cause: unknown) => lost.abort(new LockError("lost", `the lock of ${name} was lost`, { cause }));
    const release = await this.#acquire({ name, deadline }, path, reportLoss);
    let isOurs = false;
    try {
      const [outcome] = await Promise.allSettled([action(lost.signal)]);
      // Checked at the end too: a process that was suspended too long may not have been told.
      isOurs = (await ownerOf(path)) === self;
      if (!isOurs) reportLoss(undefined);
      lost.signal.throwIfAborted();
      if (outcome.status === "rejected") throw outcome.reason;
      done(outcome.value);
    } finally {
      // If another process took over a lock that we lost, it keeps it.
      if (isOurs) await release().catch(reportLoss);
    }
  }

  async #acquire(
    { name, deadline }: Asked,
    path: string,
    onCompromised: (error: Error) => void,
  ): Promise<() => Promise<void>> {
    const options = { lockfilePath: path, realpath: false, stale: this.#staleMs, fs: this.#calls, onCompromised };
    const { lock } = await import("proper-lockfile");
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        return await lock(path, options);
      } catch (error) {
        if (hasCode(error, "ENOENT")) await makeFoldersAside(this.#folder);
        else if (!hasCode(error, "ELOCKED")) throw toChangeError(error);
        else if (!(await this.#removeIfOwnerEnded(path))) await delay(wait);
      }
      if (performance.now() > deadline)
        throw new LockError("held", `another process has held the lock of ${name} for too long`);
    }
  }

  /**
   * If several processes see that an owner has ended, only the holder of the claim removes its lock: without the claim,
   * a second one could remove the lock of the next owner. Nobody else removes or makes a claim meanwhile.
   */
  async #removeIfOwnerEnded(path: string): Promise<boolean> {
    const owner = await ownerOf(path);
    if (owner === undefined || lifeOf(owner) !== "ended") return false;
    const claim = `${path}-claim`;
    try {
      await this.#files.create(claim, self);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw toChangeError(error);
      const claimer = await ownerOf(claim);
      if (claimer !== undefined && lifeOf(claimer) === "ended") await this.#files.remove(claim);
      return false;
    }
    try {
      if ((await ownerOf(path)) === owner) await this.#files.remove(path);
    } finally {
      await this.#files.remove(claim);
    }
    return true;
  }
}
