import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { LockError } from "../../../oci/storage-error.js";
import { KeyedQueue } from "../keyed-queue.js";
import { lockFileCalls } from "./lock-file-calls.js";
import { lifeOf, self } from "./lock-owner.js";
import { OwnerFiles, ownerOf } from "./owner-files.js";
import { hasCode, toChangeError } from "./system-error.js";

/** A lock that was not renewed for so long has lost its owner, where that cannot be seen from here. */
const defaultStaleMs = 10_000;
const firstRetryMs = 5;
const longestRetryMs = 200;
const giveUpAfterMs = 30_000;

/**
 * Locks that processes on one data directory agree on. Inside this process who asks queues; only the head of the
 * queue takes the lock file. Of an owner on this machine it is known whether it lives: its lock is taken over at once when
 * it ended, and never before. That of another is taken over after its stale time.
 */
export class FileLocks {
  readonly #folder: string;
  readonly #staleMs: number;
  readonly #queue = new KeyedQueue();
  readonly #files: OwnerFiles;
  readonly #calls: ReturnType<typeof lockFileCalls>;

  constructor(folder: string, files = new OwnerFiles(), staleMs = defaultStaleMs) {
    this.#folder = folder;
    this.#files = files;
    this.#calls = lockFileCalls(self, files);
    this.#staleMs = staleMs;
  }

  withLock<Result>(name: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      // Who asked goes on when the action ended; who comes next, when the lock file is gone, too.
      void this.#queue.run(name, async () => {
        try {
          await this.#withLockFile(name, action, resolve);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async #withLockFile<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    done: (result: Result) => void,
  ): Promise<void> {
    const path = join(this.#folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
    const lost = new AbortController();
    const reportLoss = (cause: unknown) => lost.abort(new LockError("lost", `the lock of ${name} was lost`, { cause }));
    const release = await this.#acquire(name, path, reportLoss);
    let isOurs = false;
    try {
      const [outcome] = await Promise.allSettled([action(lost.signal)]);
      // Seen at the end, too, by a process that was held up too long to be told.
      isOurs = (await ownerOf(path)) === self;
      if (!isOurs) reportLoss(undefined);
      lost.signal.throwIfAborted();
      if (outcome.status === "rejected") throw outcome.reason;
      done(outcome.value);
    } finally {
      // Whoever took over a lock that we lost keeps it.
      if (isOurs) await release().catch(reportLoss);
    }
  }

  async #acquire(name: string, path: string, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
    const deadline = performance.now() + giveUpAfterMs;
    const options = { lockfilePath: path, realpath: false, stale: this.#staleMs, fs: this.#calls, onCompromised };
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        return await lock(path, options);
      } catch (error) {
        if (hasCode(error, "ENOENT")) await mkdir(this.#folder, { recursive: true });
        else if (!hasCode(error, "ELOCKED")) throw toChangeError(error);
        else if (!(await this.#removeIfOwnerEnded(path))) await delay(wait);
      }
      if (performance.now() > deadline)
        throw new LockError("held", `the lock of ${name} is held by another process for too long`);
    }
  }

  /**
   * Of those who see that an owner ended only one may remove its lock, since the others would remove that of whoever comes
   * next: the one that has the claim, while which nobody else removes or makes one.
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
