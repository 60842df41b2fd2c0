import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { LockError } from "../../driver.js";
import { KeyedQueue } from "../keyed-queue.js";
import { lockFileCalls } from "./lock-file-calls.js";
import { hasCode } from "./system-error.js";

/** Tells this process from an earlier one that had the same pid, as the first in a container always has. */
const instance = randomUUID();

/** What a lock is made with: the name of who holds it. */
const self = `${hostname()}:${process.pid}:${instance}`;

const staleMs = 10_000;
const firstRetryMs = 5;
const longestRetryMs = 200;
const giveUpAfterMs = 30_000;

/**
 * Locks that processes on one data directory agree on. Inside this process who asks queues; only the head of the
 * queue takes the lock file. A lock whose owner died here is taken over at once instead of after its stale time.
 */
export class FileLocks {
  readonly #folder: string;
  readonly #queue = new KeyedQueue();
  readonly #calls = lockFileCalls(self);

  constructor(folder: string) {
    this.#folder = folder;
  }

  withLock<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
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

  async #withLockFile<Result>(name: string, action: () => Promise<Result>, done: (result: Result) => void) {
    const path = join(this.#folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
    const { promise: lost, reject } = failable();
    const reportLoss = (cause: unknown) => reject(new LockError("lost", `the lock of ${name} was lost`, { cause }));
    const release = await this.#acquire(name, path, reportLoss);
    try {
      done(await Promise.race([action(), lost]));
    } finally {
      await release().catch(reportLoss);
    }
  }

  async #acquire(name: string, path: string, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
    const deadline = Date.now() + giveUpAfterMs;
    const options = { lockfilePath: path, realpath: false, stale: staleMs, fs: this.#calls, onCompromised };
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        return await lock(path, options);
      } catch (error) {
        if (hasCode(error, "ENOENT")) mkdirSync(this.#folder, { recursive: true });
        else if (!hasCode(error, "ELOCKED")) throw error;
        else if (!removeIfOwnerDied(path)) await delay(wait);
      }
      if (Date.now() > deadline)
        throw new LockError("held", `the lock of ${name} is held by another process for too long`);
    }
  }
}

/** A promise that only ever fails, and may do so unheard. */
function failable(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise;
  });
  promise.catch(() => {});
  return { promise, reject };
}

function removeIfOwnerDied(path: string): boolean {
  const [host, pid, ownerInstance] = ownerOf(path)?.split(":") ?? [];
  if (host !== hostname() || isAlive(Number(pid), ownerInstance)) return false;
  rmSync(path, { force: true });
  return true;
}

function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Released meanwhile, or not a link: then there is nobody to ask after.
    return undefined;
  }
}

function isAlive(pid: number, ownerInstance: string | undefined): boolean {
  if (pid === process.pid) return ownerInstance === instance;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
