import type { BlobReader } from "../../oci/blob-reader.js";
import type { Digest } from "../../oci/digest.js";
import type { CopyDisk } from "./copy-disk.js";
import { CopyFill } from "./copy-fill.js";
import type { NearBytes } from "./near-reader.js";

/** Who starts this far ahead of what has been copied reads from the store. */
const waitedForBytes = 1024 * 1024;

interface Surroundings {
  readonly mayFill: () => boolean;
  /** The store's bytes do not match the digest. */
  readonly damaged: () => void;
  /** Nobody can join any more. */
  readonly forget: (shared: SharedBlob) => void;
}

/** A blob without a copy that several clients have opened: one request to the store tells all of them its size. */
export class SharedBlob {
  /** `undefined` if there is no such blob. */
  readonly size: Promise<number | undefined>;
  readonly #disk: CopyDisk;
  readonly #digest: Digest;
  readonly #around: Surroundings;
  #reader: BlobReader | undefined;
  #knownSize = 0;
  #fill: CopyFill | undefined;
  #users = 0;

  constructor(disk: CopyDisk, digest: Digest, opening: Promise<BlobReader | undefined>, around: Surroundings) {
    this.#disk = disk;
    this.#digest = digest;
    this.#around = around;
    this.size = opening.then((reader) => {
      this.#reader = reader;
      this.#knownSize = reader?.size ?? 0;
      return reader?.size;
    });
  }

  get isFilling(): boolean {
    return this.#fill !== undefined;
  }

  /** @returns to be called once, when this user has read what it wanted */
  join(): () => Promise<void> {
    this.#users++;
    let hasLeft = false;
    return async () => {
      if (!hasLeft) {
        hasLeft = true;
        await this.#leave();
      }
    };
  }

  /** The reader that has told the size, for the first that wants one. */
  takeReader(): BlobReader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }

  /** The copy in progress, for readers of such a part; starts one if the part is most of the blob. */
  near(start: number, end: number): NearBytes | undefined {
    if (this.#fill === undefined && (end - start) * 2 >= this.#knownSize && this.#around.mayFill()) this.#startFill();
    const fill = this.#fill;
    if (fill === undefined || start > fill.length + waitedForBytes) return undefined;
    return {
      read: fill.reader(),
      prove: async () => {
        if ((await fill.outcome) === "wrong")
          throw new Error(`the stored bytes of ${this.#digest} do not match it, so the rest is not sent`);
      },
      leave: async () => {},
    };
  }

  #startFill(): void {
    const source = this.takeReader();
    if (source === undefined) return;
    let hasNoUse = false;
    const fill = new CopyFill(this.#disk, this.#digest, source, () => {
      hasNoUse = true;
      this.#reader = source;
    });
    this.#fill = fill;
    // One more user: the copy is finished after all clients have their bytes.
    this.#users++;
    void fill.outcome.then((outcome) => {
      if (outcome === "wrong") this.#around.damaged();
    });
    void fill.ended.then(async () => {
      this.#around.forget(this);
      if (!hasNoUse) await source.close().catch(() => {});
      await this.#leave();
    });
  }

  async #leave(): Promise<void> {
    this.#users--;
    if (this.#users === 1 && this.#fill !== undefined) this.#fill.leave();
    if (this.#users > 0) return;
    this.#around.forget(this);
    await this.takeReader()?.close();
    await this.#fill?.close();
  }
}
