import { Progress } from "./progress.js";
import type { RecentPieces } from "./recent-pieces.js";

/** How much of an arriving blob may be sent: all but its last byte, until its digest is verified. */
export class GrowingBlob {
  readonly progress = new Progress();
  /** Its pieces in memory. Another instance means another file: what another process left may turn out to be wrong. */
  recent: RecentPieces | undefined;
  #size: number | undefined;

  /**
   * Bytes of the whole blob. `undefined` as long as clients cannot be told: before the upstream has answered, and
   * throughout if it announces no length, or another one than the manifest.
   */
  get size(): number | undefined {
    return this.#size;
  }

  /** The upstream has it, and sends. Only the first call counts, since clients were told that size. */
  begin(size: number | undefined): void {
    if (this.progress.hasBegun) return;
    this.#size = size;
    this.progress.begin();
  }

  /** A client must never take a wrong blob for complete. */
  arrived(bytes: number): void {
    this.progress.advance(this.#size === undefined ? bytes - 1 : Math.min(bytes, this.#size - 1));
  }

  /** @throws Error if readers were told another size */
  proved(size: number): void {
    if (this.#size !== undefined && size !== this.#size)
      throw new Error(`the blob has ${size} bytes, not ${this.#size}`);
    this.begin(size);
    this.progress.advance(size);
  }

  fail(error: unknown): void {
    this.progress.end(error instanceof Error ? error : new Error(String(error)));
  }
}
