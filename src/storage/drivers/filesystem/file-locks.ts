import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { LockError } from "../../driver.js";
import { KeyedQueue } from "../keyed-queue.js";
import { lockFileCalls } from "./lock-file-calls.js";
import { hasCode } from "./system-error.js";

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Tells this process from an earlier one that had the same pid, as the first in a container always has. */
  readonly instance: string;
}

const self: Owner = { host: hostname(), pid: process.pid, instance: randomUUID() };

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
  readonly #calls = lockFileCalls();

  constructor(folder: string) {
    this.#folder = folder;
  }

  withLock<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(name, () => this.#withLockFile(name, action));
  }

  async #withLockFile<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
    const path = join(this.#folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
    let reportLoss: (error: Error) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      reportLoss = (cause) => reject(new LockError(`the lock of ${name} was lost`, { cause }));
    });
    lost.catch(() => {});
    const release = await this.#acquire(name, path, reportLoss);
    try {
      return await Promise.race([action(), lost]);
    } finally {
      rmSync(ownerOf(path), { force: true });
      await release().catch(reportLoss);
    }
  }

  async #acquire(name: string, path: string, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
    const deadline = Date.now() + giveUpAfterMs;
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        const release = await lock(path, {
          lockfilePath: path,
          realpath: false,
          stale: staleMs,
          fs: this.#calls,
          onCompromised,
        });
        writeFileSync(ownerOf(path), JSON.stringify(self));
        return release;
      } catch (error) {
        if (hasCode(error, "ENOENT")) mkdirSync(this.#folder, { recursive: true });
        else if (!hasCode(error, "ELOCKED")) throw error;
        else if (!removeIfOwnerDied(path)) await delay(wait);
      }
      if (Date.now() > deadline) throw new LockError(`the lock of ${name} is held by another process for too long`);
    }
  }
}

function removeIfOwnerDied(path: string): boolean {
  const owner = readOwner(path);
  if (owner === undefined || owner.host !== self.host || isAlive(owner)) return false;
  rmSync(ownerOf(path), { force: true });
  rmSync(path, { recursive: true, force: true });
  return true;
}

function ownerOf(path: string): string {
  return `${path}.owner`;
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerOf(path), "utf8"));
  } catch {
    // Not there yet, or torn: then only the stale time of the lock can tell.
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === self.pid) return owner.instance === self.instance;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
