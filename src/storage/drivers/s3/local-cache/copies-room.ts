import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ifPresent } from "../../filesystem/system-error.js";
import { abandonedAfterMs, isCopyName, isFilling } from "./copy-names.js";

/** Questions to the disk at the same time. */
const askedAtOnce = 64;

/**
 * Part of the free room that a process may fill until it looks again at what the others have added: with up to sixteen
 * processes, all of them together stay within the limit.
 */
const partOfFreeRoom = 1 / 16;

/** With so many copies, a little more is deleted than needed, so that not every new one counts all of them. */
const manyCopies = 100;
const spareRoom = 1 / 64;

interface FoundCopy {
  readonly path: string;
  readonly size: number;
  readonly usedMs: number;
  /** Nobody may delete it, for the process that writes it is alive. */
  readonly isFilling: boolean;
}

/** Keeps the copies of a folder within a number of bytes: those that were not used for the longest time go first. */
export class CopiesRoom {
  /** Bytes of all copies when they were last counted, and what this process has added since. */
  size = 0;
  evictedBytes = 0;
  readonly #root: string;
  readonly #maxSize: number;
  /** What this process may add before it counts again. */
  #allowance = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string, maxSize: number) {
    this.#root = root;
    this.#maxSize = maxSize;
  }

  /**
   * Makes room for a copy.
   * @param size of a file that exists already, with this size
   * @returns whether the copies are within the limit now
   */
  async take(size: number): Promise<boolean> {
    const taken = this.#turn.then(() => this.#take(size));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take(size: number): Promise<boolean> {
    if (size > this.#allowance) return this.#countAndEvict();
    this.#allowance -= size;
    this.size += size;
    return true;
  }

  async #countAndEvict(): Promise<boolean> {
    const copies = await this.#find();
    let total = copies.reduce((sum, copy) => sum + copy.size, 0);
    const spare = copies.length > manyCopies ? this.#maxSize * spareRoom : 0;
    if (total > this.#maxSize) {
      const finished = copies.filter((copy) => !copy.isFilling).sort((left, right) => left.usedMs - right.usedMs);
      for (const { path, size } of finished) {
        if (total <= this.#maxSize - spare) break;
        await rm(path, { force: true });
        total -= size;
        this.evictedBytes += size;
      }
    }
    this.size = total;
    this.#allowance = Math.max(0, this.#maxSize - total) * partOfFreeRoom;
    return total <= this.#maxSize;
  }

  /** Deletes what a killed process has left on the way. */
  async #find(): Promise<readonly FoundCopy[]> {
    const names = (await readdir(this.#root)).filter(isCopyName);
    const found: FoundCopy[] = [];
    for (let start = 0; start < names.length; start += askedAtOnce) {
      const copies = await Promise.all(names.slice(start, start + askedAtOnce).map((name) => this.#look(name)));
      found.push(...copies.filter((copy) => copy !== undefined));
    }
    return found;
  }

  async #look(name: string): Promise<FoundCopy | undefined> {
    const path = join(this.#root, name);
    const found = await ifPresent(() => stat(path));
    if (found === undefined) return undefined;
    if (isFilling(name) && Date.now() - found.mtimeMs > abandonedAfterMs) {
      await rm(path, { force: true });
      return undefined;
    }
    return { path, size: found.size, usedMs: found.atimeMs, isFilling: isFilling(name) };
  }
}
