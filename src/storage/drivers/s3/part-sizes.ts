import type { S3Settings } from "./s3-settings.js";

/** The store's limits of a part; the last one may be smaller. */
export const smallestPart = 5 * 1024 * 1024;
const largestPart = 5 * 1024 * 1024 * 1024;

/** An object has at most 10,000 parts: growing ten times, parts of 8 MiB reach 8 TiB. */
const partsOfOneSize = 1_000;

/** How large the parts of an upload are. */
export class PartSizes {
  readonly #first: number;
  readonly #areEqual: boolean;

  constructor({ partSize, equalParts }: Pick<S3Settings, "partSize" | "equalParts">) {
    this.#first = partSize;
    this.#areEqual = equalParts;
  }

  /** Bytes of the part with this index, counted from 0. */
  of(index: number): number {
    if (this.#areEqual) return this.#first;
    return Math.min(largestPart, this.#first * 2 ** Math.floor(index / partsOfOneSize));
  }

  /** Where the parts of content of a known size begin and end. */
  spansOf(size: number): readonly { readonly start: number; readonly end: number }[] {
    const spans: { start: number; end: number }[] = [];
    for (let start = 0; start < size; ) {
      const end = Math.min(size, start + this.of(spans.length));
      spans.push({ start, end });
      start = end;
    }
    return spans;
  }
}
