import type { Readable } from "node:stream";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Bucket } from "./s3-bucket.js";
import { faultOf } from "./store-error.js";

/** Read when an object is opened: one request is enough for the many small ones. */
const firstBytes = 128 * 1024;

/** A gap of up to this many bytes is read and dropped: a new request would take longer. */
const skippedBytes = 256 * 1024;

/** A connection that brings nothing for this long is given up, and the rest is requested again. */
const silentMs = 30_000;

/** How often the rest is requested again without a byte in between. */
const mostFailures = 5;

/**
 * Reads one version of an object in a bucket. Its beginning is in memory; the rest is streamed as it is asked for, and
 * requested again where the connection broke. If the object was replaced or deleted meanwhile, the reading fails: it
 * never continues with other bytes.
 */
export class ObjectReader implements BlobReader {
  readonly size: number;
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #etag: string;
  readonly #first: Buffer;
  #end: number;
  #stream: PositionedStream | undefined;

  /** `undefined` if there is no such object. */
  static async open(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    for (let failures = 0; ; failures++) {
      const opened = await openBeginning(bucket, key);
      if (opened === undefined) return undefined;
      try {
        return new ObjectReader(bucket, key, { ...opened, first: await contentOf(opened.body, firstBytes) });
      } catch (error) {
        if (failures === mostFailures) throw broken(key, error);
      }
    }
  }

  private constructor(
    bucket: S3Bucket,
    key: string,
    { size, etag, first }: { readonly size: number; readonly etag: string; readonly first: Buffer },
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#etag = etag;
    this.#first = first;
    this.size = size;
    this.#end = size;
  }

  expect(_start: number, end: number): void {
    this.#end = Math.min(end, this.size);
  }

  async read(into: Buffer, position: number): Promise<number> {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    let filled = position < this.#first.length ? this.#first.copy(into, 0, position, position + length) : 0;
    for (let failures = 0; filled < length; ) {
      try {
        const count = await this.#readOn(into.subarray(filled, length), position + filled);
        if (count === 0) throw new Error("the store sent less than the size of the object");
        filled += count;
        failures = 0;
      } catch (error) {
        await this.#drop();
        if (error instanceof StorageError || ++failures > mostFailures) throw broken(this.#key, error);
      }
    }
    return filled;
  }

  close(): Promise<void> {
    return this.#drop();
  }

  async #readOn(into: Buffer, position: number): Promise<number> {
    const stream = await this.#streamAt(position);
    return stream.read(into);
  }

  async #streamAt(position: number): Promise<PositionedStream> {
    const gap = this.#stream === undefined ? -1 : position - this.#stream.position;
    if (this.#stream !== undefined && gap >= 0 && gap <= skippedBytes && position < this.#stream.end) {
      await this.#stream.skip(gap);
      return this.#stream;
    }
    await this.#drop();
    const end = position < this.#end ? this.#end : this.size;
    const opened = await this.#bucket.get(this.#key, { start: position, end, etag: this.#etag });
    if (opened === undefined) throw new StorageError("unavailable", `${this.#key} was deleted while it was read`);
    this.#stream = new PositionedStream(opened.body, position, end);
    return this.#stream;
  }

  async #drop(): Promise<void> {
    this.#stream?.close();
    this.#stream = undefined;
  }
}

/** A stream of bytes that knows where it is. Nothing is read ahead of what is asked for. */
class PositionedStream {
  position: number;
  readonly end: number;
  readonly #body: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(body: Readable, position: number, end: number) {
    this.position = position;
    this.end = end;
    this.#body = endingSilence(body);
    this.#chunks = this.#body[Symbol.asyncIterator]();
  }

  async read(into: Buffer): Promise<number> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return 0;
      this.#rest = next.value;
    }
    const count = this.#rest.copy(into);
    this.#rest = this.#rest.subarray(count);
    this.position += count;
    return count;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const count = await this.read(Buffer.allocUnsafe(Math.min(left, firstBytes)));
      if (count === 0) return;
      left -= count;
    }
  }

  close(): void {
    this.#body.destroy();
  }
}

async function openBeginning(bucket: S3Bucket, key: string) {
  try {
    return await bucket.get(key, { start: 0, end: firstBytes });
  } catch (error) {
    // An empty object has no first byte (RFC 9110, section 14.1.2).
    if (error instanceof StorageError && faultOf(error.cause).status === 416) return bucket.get(key);
    throw error;
  }
}

/** The whole content of a stream that is no longer than `atMost`. @throws if the connection breaks */
export async function contentOf(body: Readable, atMost: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of endingSilence(body)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > atMost) throw new Error(`the store sent more than ${atMost} bytes`);
  }
  return Buffer.concat(chunks, length);
}

/** Ends a connection on which nothing moves. */
function endingSilence(body: Readable): Readable {
  const timeout = () => body.destroy(new Error(`the store sent nothing for ${silentMs / 1000} s`));
  if ("setTimeout" in body && typeof body.setTimeout === "function") body.setTimeout(silentMs, timeout);
  return body;
}

function broken(key: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("unavailable", `reading ${key} broke off`, { cause: error });
}
