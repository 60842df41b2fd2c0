import type { Readable } from "node:stream";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { OpenedObject } from "./stored-object.js";

/** Smaller objects are read when they are opened: most of the many are links and manifests. */
const smallBytes = 128 * 1024;

/** A gap of up to this many bytes is read and dropped: a new request would take longer. */
const skippedBytes = 256 * 1024;

/** A connection that brings nothing for this long is given up, and the rest is requested again. */
const silentMs = 30_000;

/** How often the rest is requested again without a byte in between. */
const mostFailures = 5;

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
  #stream: PositionedStream | undefined;

  /** `undefined` if there is no such object. */
  static async open(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    if (bucket.addresses === undefined) return ObjectReader.openNow(bucket, key);
    // A client that reads a large object from the store itself needs no bytes of it here.
    const found = await bucket.head(key);
    if (found === undefined || found.size <= smallBytes) return found && ObjectReader.openNow(bucket, key);
    return new ObjectReader(bucket, key, found);
  }

  /** The same for a caller that reads it here in any case. */
  static async openNow(bucket: S3Bucket, key: string): Promise<ObjectReader | undefined> {
    for (let failures = 0; ; failures++) {
      const opened = await bucket.get(key);
      if (opened === undefined) return undefined;
      try {
        const small = opened.size <= smallBytes ? await contentOf(opened.body, opened.size) : undefined;
        if (small !== undefined && small.length < opened.size) throw new Error("the store sent less than the object");
        return new ObjectReader(bucket, key, opened, small ?? opened.body);
      } catch (error) {
        if (failures === mostFailures) throw broken(key, error);
      }
    }
  }

  private constructor(
    bucket: S3Bucket,
    key: string,
    found: Pick<OpenedObject, "size" | "etag" | "modifiedMs">,
    content?: Buffer | Readable,
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.etag = found.etag;
    this.modifiedMs = found.modifiedMs;
    this.#small = Buffer.isBuffer(content) ? content : undefined;
    this.size = found.size;
    this.#end = found.size;
    if (content !== undefined && !Buffer.isBuffer(content)) this.#stream = new PositionedStream(content, 0, found.size);
  }

  expect(_start: number, end: number): void {
    this.#end = Math.min(end, this.size);
  }

  async read(into: Buffer, position: number): Promise<number> {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    for (let filled = 0; filled < length; ) {
      const piece = await this.#take(position + filled, length - filled);
      filled += piece.copy(into, filled);
    }
    return length;
  }

  /** What has arrived, as it is: copying it would cost as much as receiving it. */
  async readShared(position: number): Promise<Buffer | undefined> {
    return position < this.size ? this.#take(position, this.size - position) : undefined;
  }

  async locate(): Promise<string | undefined> {
    return this.#bucket.addresses?.addressOf(this.#bucket.at(this.#key));
  }

  close(): Promise<void> {
    return this.#drop();
  }

  /** The next bytes from a position on, at most so many and at least one. */
  async #take(position: number, atMost: number): Promise<Buffer> {
    if (this.#small !== undefined) return this.#small.subarray(position, position + atMost);
    for (let failures = 1; ; failures++) {
      try {
        const stream = await this.#streamAt(position);
        const piece = await stream.take(atMost);
        if (piece.length > 0) return piece;
        throw new Error("the store sent less than the size of the object");
      } catch (error) {
        await this.#drop();
        if (error instanceof StorageError || failures > mostFailures) throw broken(this.#key, error);
      }
    }
  }

  async #streamAt(position: number): Promise<PositionedStream> {
    const gap = this.#stream === undefined ? -1 : position - this.#stream.position;
    if (this.#stream !== undefined && gap >= 0 && gap <= skippedBytes && position < this.#stream.end) {
      await this.#stream.skip(gap);
      return this.#stream;
    }
    await this.#drop();
    const end = position < this.#end ? this.#end : this.size;
    const opened = await this.#bucket.get(this.#key, { start: position, end, etag: this.etag });
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

  /** The next bytes, at most so many; none at the end. */
  async take(atMost: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return this.#rest;
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, atMost);
    this.#rest = this.#rest.subarray(taken.length);
    this.position += taken.length;
    return taken;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const { length } = await this.take(left);
      if (length === 0) return;
      left -= length;
    }
  }

  close(): void {
    this.#body.destroy();
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
