import { algorithmOf, type Digest, hexOf } from "./digest.js";

const bytesOfKey = 32;
/** In place of a digest of another algorithm; no content has it. */
const noKey = Buffer.alloc(bytesOfKey);
const wordsOfKey = bytesOfKey / 4;

/** The table is at most half full. */
const slotsOfKey = 2;
const firstCapacity = 1_024;

/**
 * Gives each digest a number, from 0 on. 40 to 80 bytes for each one of sha256, where a `Set` of texts takes 130; those
 * of other algorithms are rare.
 */
export class DigestNumbers {
  /** The digests of sha256 in the order of their numbers; for another, zeros. */
  #keys = Buffer.alloc(firstCapacity * bytesOfKey);
  #words = wordsIn(this.#keys);
  /** A number and 1, or 0 for a free slot; the place follows from the first bytes of the digest. */
  #slots = new Uint32Array(firstCapacity * slotsOfKey);
  #size = 0;
  readonly #others = new Map<Digest, number>();
  readonly #otherDigests = new Map<number, Digest>();
  readonly #sought = Buffer.alloc(bytesOfKey);
  readonly #soughtWords = wordsIn(this.#sought);

  static readonly bytesOfKey = bytesOfKey;

  /** From what {@link toBytes} and {@link others} returned. */
  static from(bytes: Buffer, others: DigestNumbers["others"]): DigestNumbers {
    const numbers = new DigestNumbers();
    for (let start = 0; start < bytes.length; start += bytesOfKey) {
      if (numbers.#size * bytesOfKey === numbers.#keys.length) numbers.#grow();
      bytes.copy(numbers.#sought, 0, start, start + bytesOfKey);
      numbers.#addSought();
    }
    for (const [number, digest] of others) numbers.#noteOther(number, digest);
    return numbers;
  }

  /** Those of other algorithms. */
  get others(): readonly (readonly [number, Digest])[] {
    return [...this.#otherDigests];
  }

  /** All digests of sha256, in the order of their numbers; zeros in place of others. */
  toBytes(): Buffer {
    return this.#keys.subarray(0, this.#size * bytesOfKey);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a digest; a new one if it has none yet. */
  of(digest: Digest): number {
    const known = this.find(digest);
    if (known !== undefined) return known;
    if (this.#size * bytesOfKey === this.#keys.length) this.#grow();
    if (algorithmOf(digest) === "sha256") return this.#addSought();
    noKey.copy(this.#sought);
    const number = this.#addSought();
    this.#noteOther(number, digest);
    return number;
  }

  /** The number of a digest that has one. */
  find(digest: Digest): number | undefined {
    if (algorithmOf(digest) !== "sha256") return this.#others.get(digest);
    this.#sought.write(hexOf(digest), "hex");
    const entry = this.#slots[this.#slotOfSought()] ?? 0;
    return entry === 0 ? undefined : entry - 1;
  }

  /** @throws RangeError if there is no such number */
  digest(number: number): Digest {
    if (number >= this.#size) throw new RangeError(`there is no digest ${number}`);
    const other = this.#otherDigests.get(number);
    return other ?? `sha256:${this.#keys.toString("hex", number * bytesOfKey, (number + 1) * bytesOfKey)}`;
  }

  #noteOther(number: number, digest: Digest): void {
    this.#others.set(digest, number);
    this.#otherDigests.set(number, digest);
  }

  #addSought(): number {
    const number = this.#size++;
    this.#sought.copy(this.#keys, number * bytesOfKey);
    if (!this.#sought.equals(noKey)) this.#slots[this.#slotOfSought()] = number + 1;
    return number;
  }

  /** The slot of the digest that is sought, or the free one where it belongs. */
  #slotOfSought(): number {
    const last = this.#slots.length - 1;
    let slot = (this.#soughtWords[0] ?? 0) & last;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0 && !this.#isSought(entry - 1); entry = this.#slots[slot] ?? 0)
      slot = (slot + 1) & last;
    return slot;
  }

  #isSought(number: number): boolean {
    const start = number * wordsOfKey;
    for (let word = 0; word < wordsOfKey; word++)
      if (this.#words[start + word] !== this.#soughtWords[word]) return false;
    return true;
  }

  #grow(): void {
    const keys = Buffer.alloc(this.#keys.length * 2);
    this.#keys.copy(keys);
    // The one that is sought is not among them yet.
    const sought = Buffer.from(this.#sought);
    this.#keys = keys;
    this.#words = wordsIn(keys);
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#size; number++) {
      keys.copy(this.#sought, 0, number * bytesOfKey, (number + 1) * bytesOfKey);
      if (!this.#sought.equals(noKey)) this.#slots[this.#slotOfSought()] = number + 1;
    }
    sought.copy(this.#sought);
  }
}

/** Numbers, one bit each. */
export class NumberSet {
  #bits = new Uint8Array(128);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(number: number): void {
    if (this.has(number)) return;
    this.#size++;
    while (number >> 3 >= this.#bits.length) {
      const bits = new Uint8Array(this.#bits.length * 2);
      bits.set(this.#bits);
      this.#bits = bits;
    }
    this.#bits[number >> 3] = (this.#bits[number >> 3] ?? 0) | (1 << (number & 7));
  }

  has(number: number): boolean {
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }
}

function wordsIn(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
