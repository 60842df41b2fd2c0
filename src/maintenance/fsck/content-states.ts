import type { Digest } from "../../oci/digest.js";
import { DigestNumbers, NumberSet } from "../../oci/digest-numbers.js";
import type { BytesState, FoundBytes } from "../../storage/content/blob-inspection.js";
import type { Storage } from "../../storage/storage.js";
import { isUnreadable } from "../unreadable-content.js";

interface DamagedBytes {
  /** What is wrong with them; follows "its bytes". */
  readonly why: string;
  /** As they were found; `undefined` if they cannot even be looked at. */
  readonly seen: FoundBytes | undefined;
}

export interface Looking {
  /** Whether every blob is hashed. Otherwise only those whose size is wrong. */
  readonly isHashed: boolean;
  /** @see Inspecting.pace */
  pace(bytes: number): Promise<void>;
}

/** Small ones, at most 64 KiB each, that are in memory together. */
const lookedAtOnce = 100;

/** What is stored under each digest, looked at once: about 80 bytes of memory each. */
export class ContentStates {
  readonly damaged = new Map<Digest, DamagedBytes>();
  readonly #storage: Storage;
  readonly #looking: Looking;
  readonly #sizes = new SizesByDigest();
  /** The numbers of those that a repository holds. */
  readonly #held = new NumberSet();
  #bytes = 0;

  constructor(storage: Storage, looking: Looking) {
    this.#storage = storage;
    this.#looking = looking;
  }

  get blobs(): number {
    return this.#sizes.count + this.damaged.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Looks at the bytes of a digest that a repository holds, unless that is known. */
  async of(digest: Digest): Promise<"whole" | "absent" | "damaged"> {
    this.#held.add(this.#sizes.numbers.of(digest));
    if (this.damaged.has(digest)) return "damaged";
    return this.#sizes.get(digest) !== undefined ? "whole" : this.look(digest);
  }

  /** Looks at digests that are found in the storage, in whatever repository. */
  async note(digests: readonly Digest[]): Promise<void> {
    for (let start = 0; start < digests.length; start += lookedAtOnce) {
      const some = digests.slice(start, start + lookedAtOnce);
      const found = await this.#storage.inspection.lookAtMany(some, this.#looking);
      for (const [index, digest] of some.entries()) {
        const whole = found[index];
        if (whole === undefined) await this.look(digest);
        else this.#noteWhole(digest, whole.size);
      }
    }
  }

  /** The same for those that are not known: with one order, which costs less than one for each. */
  async learn(digests: readonly Digest[]): Promise<void> {
    await this.note(digests.filter((digest) => this.#sizes.get(digest) === undefined && !this.damaged.has(digest)));
  }

  #noteWhole(digest: Digest, size: number): void {
    this.#bytes += size;
    this.#sizes.set(digest, size);
  }

  /** Looks again if the bytes have another size than a manifest says, which may be wrong too. */
  async expect(digest: Digest, size: number | undefined): Promise<void> {
    const found = this.#sizes.get(digest);
    if (this.#looking.isHashed || size === undefined || found === undefined || found === size) return;
    this.#sizes.delete(digest);
    await this.look(digest, true);
  }

  /** Looks at the bytes, and says nothing wrong of those that were replaced meanwhile. */
  async look(digest: Digest, isHashed = this.#looking.isHashed): Promise<"whole" | "absent" | "damaged"> {
    const found = await this.#inspect(digest, isHashed);
    this.damaged.delete(digest);
    if (found.state === "damaged") {
      this.#bytes += found.seen?.size ?? 0;
      this.damaged.set(digest, found);
    } else if (found.state === "whole") this.#noteWhole(digest, found.size);
    return found.state;
  }

  async #inspect(
    digest: Digest,
    isHashed: boolean,
  ): Promise<Exclude<BytesState, { state: "damaged" }> | ({ readonly state: "damaged" } & DamagedBytes)> {
    try {
      return await this.#storage.inspection.look(digest, { ...this.#looking, isHashed });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return { state: "damaged", why: `cannot be read (${error.message})`, seen: undefined };
    }
  }

  /** Bytes that no repository holds, and that are still there. */
  async unlinked(): Promise<{ blobs: number; bytes: number }> {
    let [blobs, bytes] = [0, 0];
    for (const digest of this.#unheld()) {
      const size = await this.#storage.blobs.storedSize(digest);
      if (size === undefined) continue;
      blobs++;
      bytes += size;
    }
    return { blobs, bytes };
  }

  *#unheld(): Iterable<Digest> {
    const isHeld = (digest: Digest) => this.#held.has(this.#sizes.numbers.of(digest));
    for (const digest of this.#sizes.digests()) if (!isHeld(digest)) yield digest;
    for (const [digest, { seen }] of this.damaged) if (seen !== undefined && !isHeld(digest)) yield digest;
  }
}

class SizesByDigest {
  readonly numbers = new DigestNumbers();
  /** By the numbers of their digests. */
  readonly #sizes: number[] = [];
  #count = 0;

  /** How many digests have a size. */
  get count(): number {
    return this.#count;
  }

  get(digest: Digest): number | undefined {
    const number = this.numbers.find(digest);
    const size = number === undefined ? undefined : this.#sizes[number];
    return size === unknown ? undefined : size;
  }

  set(digest: Digest, size: number): void {
    if (this.get(digest) === undefined) this.#count++;
    this.#put(digest, size);
  }

  delete(digest: Digest): void {
    if (this.get(digest) === undefined) return;
    this.#count--;
    this.#put(digest, unknown);
  }

  *digests(): Iterable<Digest> {
    for (const [number, size] of this.#sizes.entries()) if (size !== unknown) yield this.numbers.digest(number);
  }

  #put(digest: Digest, size: number): void {
    const number = this.numbers.of(digest);
    // Without holes, an array of numbers takes a fourth of the memory.
    while (this.#sizes.length < number) this.#sizes.push(unknown);
    this.#sizes[number] = size;
  }
}

/** In place of a size. */
const unknown = -1;
