import { randomUUID } from "node:crypto";
import { PartFile } from "./part-file.js";
import type { PartSizes } from "./part-sizes.js";
import type { S3Bucket } from "./s3-bucket.js";
import { longestTail, type StoredPart, type UploadRecord } from "./upload-record.js";

/** Parts that are sent while the next one fills. */
const sentAtOnce = 2;

/** What a writer needs from its surroundings. */
export interface PartPlace {
  readonly bucket: S3Bucket;
  readonly sizes: PartSizes;
  /** A local folder. */
  readonly folder: string;
  /** The key of a part. */
  keyOf(name: string): string;
}

/**
 * Continues an unfinished object. Full parts go to the bucket as they fill, on the local disk; the rest at the end is a
 * smaller part, or stays in the record. The next writer takes that rest first, so that all parts but the last are full.
 */
export class PartWriter {
  readonly #place: PartPlace;
  /** In order; those that failed, and all after them, do not count. */
  readonly #sending: { readonly part: StoredPart; readonly sent: Promise<boolean> }[] = [];
  readonly #failures: unknown[] = [];
  readonly #full: StoredPart[];
  /** What the bucket holds for certain: acknowledged bytes are never given up for those that come after them. */
  #settled: UploadRecord;
  /** The smaller part at the end, until it has been taken. */
  #rest: StoredPart | undefined;
  #small: Buffer;
  #file: PartFile | undefined;
  #isAppended = false;

  constructor(place: PartPlace, record: UploadRecord) {
    this.#place = place;
    this.#settled = record;
    this.#full = [...record.parts];
    this.#small = record.tail;
    const last = record.parts.at(-1);
    if (last === undefined || last.size >= place.sizes.of(record.parts.length - 1)) return;
    this.#full.pop();
    this.#rest = last;
  }

  /** Bytes that have become full parts since the record was last settled. */
  get unsettled(): number {
    return this.#sending.reduce((sum, { part }) => sum + part.size, 0);
  }

  /** Why something could not be sent. */
  get failure(): unknown {
    return this.#failures[0];
  }

  async write(piece: Buffer): Promise<void> {
    if (piece.length === 0) return;
    await this.#takeRest();
    this.#isAppended = true;
    for (let rest = piece; rest.length > 0; ) {
      const room = this.#sizeWanted() - this.#length();
      await this.#add(rest.subarray(0, room));
      rest = rest.subarray(room);
      if (this.#length() === this.#sizeWanted()) await this.#send();
      if (this.#failures.length > 0) throw this.#failures[0];
    }
  }

  /** What is in the bucket now, without what is still filling. */
  async settled(): Promise<UploadRecord> {
    for (const { part, sent } of this.#sending.splice(0)) {
      if (!(await sent) || this.#failures.length > 0) continue;
      this.#full.push(part);
      this.#settled = { ...this.#settled, modifiedMs: Date.now(), parts: [...this.#full], tail: Buffer.alloc(0) };
    }
    return this.#settled;
  }

  /** What has arrived: the same record if that is nothing. If a part could not be sent, what comes before it. */
  async end(): Promise<UploadRecord> {
    // Beside the parts that are still being sent.
    if (this.#isAppended && this.#failures.length === 0) await this.#send();
    const settled = await this.settled();
    if (this.#failures.length > 0 || !this.#isAppended || this.#small.length === 0) return settled;
    return { ...settled, modifiedMs: Date.now(), parts: [...this.#full], tail: this.#small };
  }

  async close(): Promise<void> {
    await Promise.all(this.#sending.map(({ sent }) => sent));
    await this.#file?.close();
    this.#file = undefined;
  }

  #sizeWanted(): number {
    return this.#place.sizes.of(this.#full.length + this.#sending.length);
  }

  #length(): number {
    return this.#file?.length ?? this.#small.length;
  }

  /** Reads the smaller part at the end again: it becomes the beginning of the next one. */
  async #takeRest(): Promise<void> {
    const rest = this.#rest;
    if (rest === undefined) return;
    const found = await this.#place.bucket.get(this.#place.keyOf(rest.name));
    if (found === undefined) throw new Error(`part ${rest.name} was deleted`);
    const file = await PartFile.create(this.#place.folder);
    try {
      for await (const chunk of found.body) await file.append(chunk);
      if (file.length !== rest.size) throw new Error(`part ${rest.name} was cut short`);
      await file.append(this.#small);
    } catch (error) {
      found.body.destroy();
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#small = Buffer.alloc(0);
    this.#rest = undefined;
  }

  async #add(bytes: Buffer): Promise<void> {
    if (this.#file === undefined && this.#small.length + bytes.length <= longestTail) {
      this.#small = Buffer.concat([this.#small, bytes]);
      return;
    }
    if (this.#file === undefined) {
      this.#file = await PartFile.create(this.#place.folder);
      await this.#file.append(this.#small);
      this.#small = Buffer.alloc(0);
    }
    await this.#file.append(bytes);
  }

  async #send(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const part = { name: randomUUID(), size: file.length };
    const sent = this.#place.bucket
      .putStream(this.#place.keyOf(part.name), part.size, () => file.stream())
      .then(
        () => true,
        (error: unknown) => {
          this.#failures.push(error);
          return false;
        },
      )
      .finally(() => file.close());
    this.#sending.push({ part, sent });
    await this.#sending.at(-sentAtOnce)?.sent;
  }
}
