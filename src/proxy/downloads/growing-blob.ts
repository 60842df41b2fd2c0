import { Progress } from "./progress.js";
import type { RecentPieces } from "./recent-pieces.js";

/** What of a blob that arrives may be given out: all but its last byte, until its digest is proved. */
export class GrowingBlob {
  readonly progress = new Progress();
  /** What of it is in memory. Another one belongs to another file: what was left by a process may turn out to be wrong. */
  recent: RecentPieces | undefined;
  #size: number | undefined;

  /**
   * Bytes of the whole blob. `undefined` as long as nobody can be told: before the upstream has answered, and to the end
   * if it tells no length, or another one than the manifest.
   */
  get size(): number | undefined {
    return this.#size;
  }

  /** The upstream has it, and sends. Only the first call counts: clients were told of that size. */
  begin(size: number | undefined): void {
    if (this.progress.hasBegun) return;
    this.#size = size;
    this.progress.begin();
  }

  /** No client must take a wrong blob for whole. */
  arrived(bytes: number): void {
    this.progress.advance(this.#size === undefined ? bytes - 1 : Math.min(bytes, this.#size - 1));
  }

  /** @throws Error if whoever reads along was told otherwise */
  proved(size: number): void {
    if (this.#size !== undefined && size !== this.#size)
      throw new Error(`the blob has ${size} bytes, and not ${this.#size}`);
    this.begin(size);
    this.progress.advance(size);
  }

  fail(error: unknown): void {
    this.progress.end(error instanceof Error ? error : new Error(String(error)));
  }
}
