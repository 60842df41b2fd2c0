import type { BlobReader } from "../../../oci/blob-reader.js";
import {
  type ObjectContent,
  OffsetMismatchError,
  type StagedNote,
  type StagedObject,
  type StagedStat,
} from "../../staging.js";
import { contentOf } from "./object-reader.js";
import { PartWriter } from "./part-writer.js";
import { assemble, removeReplaced } from "./parts-assembly.js";
import { PartsReader } from "./parts-reader.js";
import { removeTogether } from "./removals.js";
import { decodeRecord, emptyRecord, encodeRecord, sizeOf, type UploadRecord } from "./upload-record.js";
import type { KnownRecord, UploadSurroundings } from "./upload-surroundings.js";

export const recordsFolder = ".berth/staging";
export const partsFolder = ".berth/parts";

/** If the process is killed in the middle of a large request, no more than this has to be sent again. */
const recordedEach = 64 * 1024 * 1024;

/** A record has at most 10,000 parts. */
const longestRecord = 4 * 1024 * 1024;

/**
 * An unfinished object that any machine can continue: what is acknowledged is in the bucket, as objects that are never
 * changed, and a record says which of them belong to it, in which order. Whoever appends replaces the record, on the
 * condition that it is still the one that was read. So of two that append at once, one is refused.
 */
export class StagedUpload implements StagedObject {
  readonly #key: string;
  readonly #around: UploadSurroundings;
  #seen: KnownRecord | undefined;
  /** Whether the record, or its absence, was seen: then it need not be asked for before it is replaced. */
  #isSeen = false;
  /** What was appended or opened to be read: exactly that is committed, whatever others append meanwhile. */
  #held: UploadRecord | undefined;
  #isCommitted = false;
  #appender: string | undefined;

  constructor(key: string, around: UploadSurroundings) {
    this.#key = key;
    this.#around = around;
  }

  async stat(): Promise<StagedStat | undefined> {
    const record = this.#held ?? (await this.#load())?.record;
    return record && { size: sizeOf(record), modifiedMs: record.modifiedMs, appendedBy: record.appendedBy };
  }

  /** The record alone is the beginning. */
  async begin(texts: Readonly<Record<string, string>>): Promise<void> {
    const now = Date.now();
    await this.#save({ ...emptyRecord, modifiedMs: now, notes: { writtenMs: now, texts } });
  }

  async note(name: string): Promise<StagedNote | undefined> {
    const notes = (this.#isSeen ? this.#seen : await this.#load())?.record.notes;
    const text = notes?.texts[name];
    return notes && text !== undefined ? { writtenMs: notes.writtenMs, text: async () => text } : undefined;
  }

  async append(offset: number, content: AsyncIterable<Buffer>, by?: string): Promise<number> {
    const before = this.#isSeen ? this.#seen : await this.#load();
    const record = before?.record ?? emptyRecord;
    if (sizeOf(record) !== offset) throw new OffsetMismatchError(sizeOf(record));
    const { bucket, keyOf } = this.#place();
    const writer = new PartWriter(this.#place(), record);
    this.#appender = by;
    try {
      const [outcome] = await Promise.allSettled([this.#writeAll(writer, content)]);
      // What arrived before a failure is kept.
      const after = await writer.end();
      if (after !== before?.record) await this.#save(after);
      await removeReplaced(bucket, record, after, keyOf);
      this.#held = this.#seen?.record ?? after;
      if (writer.failure !== undefined) throw writer.failure;
      if (outcome.status === "rejected") throw outcome.reason;
      return sizeOf(after);
    } finally {
      await writer.close();
    }
  }

  async openRead(): Promise<BlobReader | undefined> {
    const record = this.#held ?? (await this.#load())?.record;
    if (record === undefined) return undefined;
    this.#held = record;
    return new PartsReader(record, { ...this.#place(), again: async () => (await this.#load())?.record });
  }

  async commit(key: string, beside: readonly ObjectContent[] = []): Promise<void> {
    const record = this.#held ?? (await this.#load())?.record;
    if (record === undefined) throw new Error(`nothing is staged at ${this.#key}`);
    await assemble(this.#around.bucket, key, record, this.#place().keyOf);
    await this.#around.write(...beside);
    await this.#remove(record);
    this.#isCommitted = true;
  }

  async discard(): Promise<void> {
    const found = await this.#load();
    if (found !== undefined) await this.#remove(found.record);
  }

  /** The notes are in the record. Nothing is left of one that was committed. */
  async discardWithNotes(): Promise<void> {
    if (this.#isCommitted) return;
    const found = this.#isSeen ? this.#seen : await this.#load();
    if (found !== undefined) await this.#remove(found.record);
  }

  /** A bucket has no folders. */
  discardWithFolders(): Promise<void> {
    return this.discard();
  }

  invalidate(): Promise<void> {
    return this.discard();
  }

  async #writeAll(writer: PartWriter, content: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of content) {
      await writer.write(piece);
      if (writer.unsettled >= recordedEach) await this.#save(await writer.settled());
    }
  }

  #place() {
    const { bucket, sizes, folder } = this.#around;
    return { bucket, sizes, folder, keyOf: (name: string) => this.#partKey(name) };
  }

  /** @throws OffsetMismatchError if another process has appended meanwhile */
  async #save(settled: UploadRecord): Promise<void> {
    const record = { ...settled, appendedBy: this.#appender };
    const written = { key: this.#recordKey(), content: encodeRecord(record) };
    const etag = await this.#replace(written, this.#seen?.etag);
    if (etag === undefined) {
      this.#forget();
      throw new OffsetMismatchError((await this.stat())?.size ?? 0);
    }
    this.#see({ etag, record });
  }

  /** @returns the new version; `undefined` if the record is no longer the one that was read */
  async #replace(written: ObjectContent, before: string | undefined): Promise<string | undefined> {
    const { bucket, conditional } = this.#around;
    if (conditional !== undefined)
      return conditional.write(written, before === undefined ? { kind: "absent" } : { kind: "version", etag: before });
    // Of two that do this in the same moment, the last one wins, and the digest shows it.
    if ((await bucket.head(written.key))?.etag !== before) return undefined;
    return (await bucket.put(written.key, written.content)).etag;
  }

  /** If only some are removed: parts without a record are looked for and removed (`abandoned-uploads.ts`). */
  async #remove({ parts }: UploadRecord): Promise<void> {
    const { bucket, known } = this.#around;
    const keys = [this.#recordKey(), ...parts.map(({ name }) => this.#partKey(name))];
    if (parts.length === 0) await bucket.delete(this.#recordKey());
    else await removeTogether(bucket, keys);
    this.#forget();
    known.delete(this.#key);
  }

  async #load(): Promise<KnownRecord | undefined> {
    const { bucket, known } = this.#around;
    const before = this.#seen ?? known.get(this.#key);
    const found = await bucket.getIfChanged(this.#recordKey(), before?.etag);
    if (found === "unchanged") {
      if (before !== undefined) this.#see(before);
      return before;
    }
    this.#seen = undefined;
    if (found === undefined) {
      this.#forget();
      this.#isSeen = true;
      known.delete(this.#key);
    } else {
      const bytes = await contentOf(found.body, longestRecord);
      this.#see({ etag: found.etag, record: decodeRecord(bytes, this.#recordKey()) });
    }
    return this.#seen;
  }

  #see(found: KnownRecord): void {
    this.#seen = found;
    this.#isSeen = true;
    this.#around.known.set(this.#key, found);
  }

  #forget(): void {
    this.#seen = undefined;
    this.#isSeen = false;
    this.#held = undefined;
  }

  #recordKey(): string {
    return `${recordsFolder}/${this.#key}`;
  }

  #partKey(name: string): string {
    return `${partsFolder}/${this.#key}/${name}`;
  }
}
