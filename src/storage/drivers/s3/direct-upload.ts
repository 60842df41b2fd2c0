import type { BlobReader } from "../../../oci/blob-reader.js";
import { type ObjectContent, OffsetMismatchError, type StagedObject, type StagedStat } from "../../staging.js";
import { PartFile } from "./part-file.js";
import type { PartSizes } from "./part-sizes.js";
import { PartUpload } from "./part-uploads.js";
import type { S3Bucket } from "./s3-bucket.js";

/** Parts that are sent while the next one fills. */
const sentAtOnce = 2;

/** Smaller content needs no file. */
const smallBytes = 64 * 1024;

interface Surroundings {
  readonly bucket: S3Bucket;
  readonly sizes: PartSizes;
  /** A local folder for parts that fill. */
  readonly folder: string;
  write(...objects: readonly ObjectContent[]): Promise<void>;
}

/**
 * Content whose key is known before its first byte. Its parts go straight there as they fill, so that nothing is copied
 * afterwards; the store shows nothing of them before the upload is completed.
 */
export class DirectUpload implements StagedObject {
  readonly #key: string;
  readonly #around: Surroundings;
  readonly #sending: Promise<string>[] = [];
  #upload: PartUpload | undefined;
  #small: Buffer = Buffer.alloc(0);
  #file: PartFile | undefined;
  /** Of the parts that are sent or being sent. */
  #sent = 0;
  #modifiedMs: number | undefined;

  constructor(key: string, around: Surroundings) {
    this.#key = key;
    this.#around = around;
  }

  async stat(): Promise<StagedStat | undefined> {
    return this.#modifiedMs === undefined ? undefined : { size: this.#size, modifiedMs: this.#modifiedMs };
  }

  async append(offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    if (offset !== this.#size) throw new OffsetMismatchError(this.#size);
    this.#modifiedMs = Date.now();
    for await (const piece of content) await this.#write(piece);
    return this.#size;
  }

  async commit(key: string, beside: readonly ObjectContent[] = []): Promise<void> {
    if (this.#modifiedMs === undefined) throw new Error(`nothing has arrived for ${this.#key}`);
    if (key !== this.#key) throw new Error(`what arrived for ${this.#key} cannot become ${key}`);
    await this.#complete();
    await this.#around.write(...beside);
    await this.#end();
  }

  async discard(): Promise<void> {
    const upload = this.#upload;
    await Promise.allSettled(this.#sending);
    await this.#end();
    // Its failure is nothing to report: abandoned uploads are looked for, and aborted.
    await upload?.abort().catch(() => {});
  }

  discardWithNotes(): Promise<void> {
    return this.discard();
  }

  discardWithFolders(): Promise<void> {
    return this.discard();
  }

  invalidate(): Promise<void> {
    return this.discard();
  }

  /** The store does not give back the parts of an upload. */
  async openRead(): Promise<BlobReader | undefined> {
    return undefined;
  }

  async begin(): Promise<void> {}

  async note(): Promise<undefined> {
    return undefined;
  }

  async #write(piece: Buffer): Promise<void> {
    for (let rest = piece; rest.length > 0; ) {
      const room = this.#around.sizes.of(this.#sending.length) - this.#filled;
      const taken = rest.subarray(0, room);
      await this.#add(taken);
      rest = rest.subarray(taken.length);
      // The last part is sent when it is known to be the last: one part needs no multipart upload.
      if (rest.length > 0) await this.#send();
    }
  }

  get #filled(): number {
    return this.#file?.length ?? this.#small.length;
  }

  get #size(): number {
    return this.#sent + this.#filled;
  }

  async #add(bytes: Buffer): Promise<void> {
    if (this.#file === undefined && this.#small.length + bytes.length <= smallBytes) {
      this.#small = Buffer.concat([this.#small, bytes]);
      return;
    }
    if (this.#file === undefined) {
      this.#file = await PartFile.create(this.#around.folder);
      await this.#file.append(this.#small);
      this.#small = Buffer.alloc(0);
    }
    await this.#file.append(bytes);
  }

  async #send(): Promise<void> {
    this.#upload ??= await PartUpload.start(this.#around.bucket, this.#key);
    const [file, number] = [this.#file, this.#sending.length + 1];
    const part =
      file === undefined
        ? { size: this.#small.length, content: this.#small }
        : { size: file.length, open: () => file.stream() };
    this.#file = undefined;
    this.#small = Buffer.alloc(0);
    this.#sent += part.size;
    const sent = this.#upload.add(number, part).finally(() => file?.close());
    // A failure is thrown where it is waited for; until then it must not count as unhandled.
    sent.catch(() => {});
    this.#sending.push(sent);
    await this.#sending.at(-sentAtOnce);
  }

  async #complete(): Promise<void> {
    const file = this.#file;
    if (this.#upload === undefined) {
      if (file === undefined) await this.#around.bucket.put(this.#key, this.#small);
      else await this.#around.bucket.putStream(this.#key, file.length, () => file.stream());
      return;
    }
    if (this.#filled > 0) await this.#send();
    await this.#upload.complete(await Promise.all(this.#sending), this.#size);
    this.#upload = undefined;
  }

  async #end(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#upload = undefined;
    this.#small = Buffer.alloc(0);
    this.#sending.length = 0;
    this.#sent = 0;
    this.#modifiedMs = undefined;
  }
}
