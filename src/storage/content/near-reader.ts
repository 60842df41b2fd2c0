import type { BlobReader } from "../../oci/blob-reader.js";
import { StorageError } from "../../oci/storage-error.js";

export type OpenStored = () => Promise<BlobReader | undefined>;

/** The bytes of a blob as they are on the local disk, whole or as far as they have been copied. */
export interface NearBytes {
  /** @returns `undefined` if they cannot be read here */
  read(into: Buffer, position: number): Promise<number | undefined>;
  /** Resolves when the blob is verified. @throws if it is not what its digest says */
  prove?(): Promise<void>;
  leave(): Promise<void>;
}

interface Places {
  readonly size: number;
  /** Chooses where to read, once it is known what will be read. */
  near(start: number, end: number): NearBytes | undefined;
  readonly stored: OpenStored;
  leave(): Promise<void>;
}

/** Reads a blob from the local disk as long as that works, otherwise from the store. */
export class NearReader implements BlobReader {
  readonly size: number;
  readonly #places: Places;
  #expected: { readonly start: number; readonly end: number } | undefined;
  #near: NearBytes | undefined;
  #stored: BlobReader | undefined;
  #isChosen = false;

  constructor(places: Places) {
    this.#places = places;
    this.size = places.size;
  }

  expect(start: number, end: number): void {
    this.#expected = { start, end };
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    const near = this.#nearAt(position);
    const count = await near?.read(into, position);
    return count ?? (await this.#storedAt(position)).read(into, position);
  }

  async readShared(position: number): Promise<Buffer | undefined> {
    if (position >= this.size || this.#nearAt(position) !== undefined) return undefined;
    return (await this.#storedAt(position)).readShared?.(position);
  }

  async prove(position: number): Promise<void> {
    if (position !== this.size) return;
    if (this.#near === undefined) await this.#stored?.prove?.(position);
    else await this.#near.prove?.();
  }

  async locate(): Promise<string | undefined> {
    return (await this.#openStored()).locate?.();
  }

  async close(): Promise<void> {
    await this.#near?.leave();
    await this.#stored?.close();
    await this.#places.leave();
  }

  #nearAt(position: number): NearBytes | undefined {
    if (this.#isChosen) return this.#near;
    this.#isChosen = true;
    const { start, end } = this.#expected ?? { start: position, end: this.size };
    this.#near = this.#places.near(start, end);
    return this.#near;
  }

  async #storedAt(position: number): Promise<BlobReader> {
    await this.#near?.leave();
    this.#near = undefined;
    if (this.#stored !== undefined) return this.#stored;
    const stored = await this.#openStored();
    stored.expect?.(position, this.#expected?.end ?? this.size);
    return stored;
  }

  async #openStored(): Promise<BlobReader> {
    this.#stored ??= await this.#places.stored();
    if (this.#stored?.size === this.size) return this.#stored;
    throw new StorageError("unavailable", "a blob was deleted in the bucket while it was read");
  }
}
