import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import { ObjectReader } from "./object-reader.js";
import type { S3Bucket } from "./s3-bucket.js";
import { type StoredPart, sizeOf, type UploadRecord } from "./upload-record.js";

interface Surroundings {
  readonly bucket: S3Bucket;
  /** The key of a part. */
  keyOf(name: string): string;
  /** The record as it is now. */
  again(): Promise<UploadRecord | undefined>;
}

/** Reads an unfinished object from its parts. At the end, it looks whether something was appended. */
export class PartsReader implements BlobReader {
  readonly size: number;
  readonly #around: Surroundings;
  #record: UploadRecord;
  #open: { readonly name: string; readonly reader: ObjectReader } | undefined;

  constructor(record: UploadRecord, around: Surroundings) {
    this.#record = record;
    this.#around = around;
    this.size = sizeOf(record);
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (position >= sizeOf(this.#record)) this.#record = (await this.#around.again()) ?? this.#record;
    let filled = 0;
    while (filled < into.length) {
      const count = await this.#readWithinPart(into.subarray(filled), position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  async close(): Promise<void> {
    await this.#open?.reader.close();
    this.#open = undefined;
  }

  async #readWithinPart(into: Buffer, position: number): Promise<number> {
    let start = 0;
    for (const part of this.#record.parts) {
      if (position < start + part.size) return (await this.#readerOf(part)).read(into, position - start);
      start += part.size;
    }
    const { tail } = this.#record;
    return position - start < tail.length ? tail.copy(into, 0, position - start) : 0;
  }

  async #readerOf({ name, size }: StoredPart): Promise<ObjectReader> {
    if (this.#open?.name === name) return this.#open.reader;
    await this.close();
    const reader = await ObjectReader.open(this.#around.bucket, this.#around.keyOf(name));
    if (reader === undefined || reader.size !== size)
      throw new StorageError("busy", `part ${name} of an upload was replaced or removed meanwhile`);
    this.#open = { name, reader };
    return reader;
  }
}
