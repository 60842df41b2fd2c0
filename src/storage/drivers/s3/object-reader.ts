import type { Readable } from "node:stream";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import { ObjectStream } from "./object-stream.js";
import { smallBytes } from "./object-streams.js";
import { endingSilence } from "./receiving/byte-source.js";
import type { S3Bucket } from "./s3-bucket.js";
import { endLate } from "./s3-client.js";
import type { OpenedObject, StoredObject } from "./stored-object.js";
import type { StreamCursor } from "./stream-cursor.js";

/** A gap of up to this many bytes is read and dropped: a new request would take longer. */
const skippedBytes = 256 * 1024;

/** How often the rest is requested again without a byte in between. */
const mostFailures = 5;

type Opened = OpenedObject | ObjectStream | undefined;

/**
 * Reads one version of an object in a bucket. One request is enough for an object that is read from its beginning to
 * its end; where the connection breaks, the rest is requested again. If the object was replaced or deleted meanwhile,
 * the reading fails: it never continues with other bytes.
 */
export class ObjectReader implements BlobReader {
  readonly size: number;
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly etag: string;
  readonly modifiedMs: number;
  /** The whole content of a small object. */
  readonly #small: Buffer | undefined;
  #end: number;
  #cursor: StreamCursor | undefined;
  #isClosed = false;

  /** `undefined` if there is no such object. */
  static open(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    return ObjectReader.#unlessRedirected(bucket, key, () => bucket.streams.open(key));
  }

  /** The same for a pull: those that begin together share a request to the store. */
  static openRecently(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    return ObjectReader.#unlessRedirected(bucket, key, () => bucket.streams.openRecently(key));
  }

  /** The same for a caller that reads it here in any case. */
  static openNow(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    return ObjectReader.#openBy(bucket, key, () => bucket.streams.open(key));
  }

  /** A client that reads a large object from the store itself needs no bytes of it here. */
  static async #unlessRedirected(bucket: S3Bucket, key: string, request: () => Promise<Opened>) {
    if (bucket.addresses === undefined) return ObjectReader.#openBy(bucket, key, request);
    const found = await bucket.head(key);
    if (found === undefined || found.size <= smallBytes) return found && ObjectReader.#openBy(bucket, key, request);
    return new ObjectReader(bucket, found);
  }

  static async #openBy(bucket: S3Bucket, key: string, request: () => Promise<Opened>) {
    for (let failures = 0; ; failures++) {
      const opened = await request();
      if (opened === undefined) return undefined;
      if (opened instanceof ObjectStream) return new ObjectReader(bucket, { key, ...opened.object }, opened.join(0));
      try {
        const small = await contentOf(opened.body, opened.size);
        if (small.length < opened.size) throw new Error("the store sent less than the object");
        return new ObjectReader(bucket, { key, ...opened }, small);
      } catch (error) {
        if (failures === mostFailures) throw broken(key, error);
      }
    }
  }

  private constructor(bucket: S3Bucket, found: StoredObject, content?: Buffer | StreamCursor) {
    this.#bucket = bucket;
    this.#key = found.key;
    this.etag = found.etag;
    this.modifiedMs = found.modifiedMs;
    this.size = found.size;
    this.#end = found.size;
    if (Buffer.isBuffer(content)) this.#small = content;
    else this.#cursor = content;
  }

  expect(_start: number, end: number): void {
    this.#end = Math.min(end, this.size);
  }

  async read(into: Buffer, position: number): Promise<number> {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    if (this.#small !== undefined) return this.#small.copy(into, 0, position, position + length);
    for (let filled = 0, failures = 1; filled < length; ) {
      try {
        const count = await this.#readSome(into.subarray(filled, length), position + filled);
        filled += count;
        failures = 1;
      } catch (error) {
        this.#drop();
        if (error instanceof StorageError || this.#isClosed || failures++ > mostFailures)
          throw broken(this.#key, error);
      }
    }
    return length;
  }

  async locate(): Promise<string | undefined> {
    return this.#bucket.addresses?.addressOf(this.#bucket.at(this.#key));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#drop();
  }

  /** @returns how many bytes, at least one */
  async #readSome(into: Buffer, position: number): Promise<number> {
    const cursor = await this.#cursorAt(position);
    const count = await cursor.read(into);
    if (count === 0) throw new Error("the store sent less than the size of the object");
    return count;
  }

  async #cursorAt(position: number): Promise<StreamCursor> {
    const before = this.#cursor;
    if (before?.isThere && before.canReach(position, skippedBytes)) {
      const gap = position - before.position;
      if (gap === 0 || (await before.read(Buffer.allocUnsafe(gap))) === gap) return before;
    }
    this.#drop();
    const end = position < this.#end ? this.#end : this.size;
    const stream = await this.#bucket.streams.at(this.#key, this.etag, { start: position, end });
    if (stream === undefined)
      throw new StorageError("unavailable", `${this.#key} was deleted or replaced while it was read`);
    const cursor = stream.join(position);
    this.#cursor = cursor;
    // The client may have left meanwhile.
    if (this.#isClosed) throw new Error("the reader was closed");
    return cursor;
  }

  #drop(): void {
    this.#cursor?.close();
    this.#cursor = undefined;
  }
}

/** The whole content of a stream that is no longer than `atMost`. @throws if the connection breaks */
export async function contentOf(body: Readable, atMost: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  endLate(body);
  for await (const chunk of endingSilence(body)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > atMost) throw new Error(`the store sent more than ${atMost} bytes`);
  }
  return Buffer.concat(chunks, length);
}

function broken(key: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("unavailable", `reading ${key} broke off`, { cause: error });
}
