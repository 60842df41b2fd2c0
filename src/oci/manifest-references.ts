import type { Digest } from "./digest.js";
import type { DigestNumbers } from "./digest-numbers.js";
import type { ManifestNames } from "./manifest-names.js";

const firstCapacity = 1_024;
/** The manifest, and how many numbers of content and subjects follow. */
const numbersBefore = 3;

/**
 * What manifests reference, in four bytes for each reference. A digest never changes what it means, so all of it stays
 * true.
 */
export class ManifestReferences {
  readonly #digests: DigestNumbers;
  /** For each manifest: its number, two counts, and its references. */
  #numbers = new Uint32Array(firstCapacity);
  #length = 0;
  /** Where a manifest begins, by its number. */
  readonly #starts = new Map<number, number>();

  constructor(digests: DigestNumbers) {
    this.#digests = digests;
  }

  /** From what {@link toNumbers} returned. */
  static from(digests: DigestNumbers, numbers: Uint32Array<ArrayBuffer>): ManifestReferences {
    const references = new ManifestReferences(digests);
    references.#numbers = numbers;
    references.#length = numbers.length;
    for (let start = 0; start < numbers.length; ) {
      const [manifest = 0, content = 0, subjects = 0] = numbers.subarray(start, start + numbersBefore);
      references.#starts.set(manifest, start);
      start += numbersBefore + content + subjects;
    }
    return references;
  }

  toNumbers(): Uint32Array {
    return this.#numbers.subarray(0, this.#length);
  }

  get(manifest: Digest): ManifestNames | undefined {
    const number = this.#digests.find(manifest);
    const start = number === undefined ? undefined : this.#starts.get(number);
    if (start === undefined) return undefined;
    const [, content = 0, subjects = 0] = this.#numbers.subarray(start, start + numbersBefore);
    const first = start + numbersBefore;
    return {
      content: this.#digestsIn(first, first + content),
      subjects: this.#digestsIn(first + content, first + content + subjects),
    };
  }

  add(manifest: Digest, { content, subjects }: ManifestNames): void {
    const number = this.#digests.of(manifest);
    if (this.#starts.has(number)) return;
    const added = [number, content.length, subjects.length, ...numbersOf(this.#digests, content, subjects)];
    while (this.#length + added.length > this.#numbers.length) this.#grow();
    this.#starts.set(number, this.#length);
    this.#numbers.set(added, this.#length);
    this.#length += added.length;
  }

  #digestsIn(start: number, end: number): Digest[] {
    return Array.from(this.#numbers.subarray(start, end), (number) => this.#digests.digest(number));
  }

  #grow(): void {
    const numbers = new Uint32Array(Math.max(firstCapacity, this.#numbers.length * 2));
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

function numbersOf(digests: DigestNumbers, ...lists: readonly (readonly Digest[])[]): number[] {
  return lists.flatMap((list) => list.map((digest) => digests.of(digest)));
}
