import { randomUUID } from "node:crypto";
import { lstatSync, lutimes, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { lifeOf, ownerOf, self } from "./lock-owner.js";
import { isAbsence } from "./system-error.js";

const renewedEachMs = 10_000;

/** A mark that was not renewed for so long has lost its owner, where that cannot be seen from here. */
const staleMs = 35_000;

/** Marks of processes that work on a data directory: links that name their owners, as locks do, but each has its own. */
export class WorkMarks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns what takes the mark away */
  set(): () => void {
    mkdirSync(this.#folder, { recursive: true });
    for (const path of this.#paths()) if (this.#hasEnded(path)) rmSync(path, { force: true });
    const path = join(this.#folder, randomUUID());
    symlinkSync(self, path);
    const timer = setInterval(() => {
      const now = new Date();
      // Where it cannot be renewed it was removed: then so was the data directory.
      lutimes(path, now, now, () => {});
    }, renewedEachMs).unref();
    return () => {
      clearInterval(timer);
      rmSync(path, { force: true });
    };
  }

  /** Whether there is a mark whose owner lives, or may. */
  isAnySet(): boolean {
    return this.#paths().some((path) => !this.#hasEnded(path) && !this.#isStale(path));
  }

  #paths(): string[] {
    try {
      return readdirSync(this.#folder).map((name) => join(this.#folder, name));
    } catch (error) {
      if (isAbsence(error)) return [];
      throw error;
    }
  }

  #hasEnded(path: string): boolean {
    const owner = ownerOf(path);
    return owner === undefined || lifeOf(owner) === "ended";
  }

  #isStale(path: string): boolean {
    const owner = ownerOf(path);
    if (owner !== undefined && lifeOf(owner) === "running") return false;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined || Date.now() - stat.mtimeMs > staleMs;
  }
}
