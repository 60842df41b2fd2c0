import type { BlobReader } from "../../../oci/blob-reader.js";
import type { NamesWanted } from "../../driver.js";
import { type ObjectContent, StagedDecorator, type StagedObject, type Staging } from "../../staging.js";
import type { PartSizes } from "./part-sizes.js";
import { storeInParts } from "./part-uploads.js";
import { RequestContent } from "./request-content.js";
import type { S3Bucket } from "./s3-bucket.js";

/** Smaller content is sent from memory. */
const smallBytes = 256 * 1024;

interface Surroundings {
  readonly bucket: S3Bucket;
  readonly sizes: PartSizes;
  /** Of the local disk. */
  readonly files: Staging;
  write(...objects: readonly ObjectContent[]): Promise<void>;
}

/** Unfinished content on the local disk, which is sent to the bucket once it is complete. */
export class LocalStaging implements Staging {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  at(key: string): StagedObject {
    return new LocalStage(this.#around.files.at(key), this.#around);
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return this.#around.files.list(key, wanted);
  }

  remove(key: string): Promise<void> {
    return this.#around.files.remove(key);
  }
}

class LocalStage extends StagedDecorator {
  readonly #around: Surroundings;

  constructor(file: StagedObject, around: Surroundings) {
    super(file);
    this.#around = around;
  }

  override async commit(
    key: string,
    beside: readonly ObjectContent[] = [],
    notes: readonly string[] = [],
  ): Promise<void> {
    const reader = await this.staged.openRead();
    if (reader === undefined) throw new Error(`nothing is staged for ${key}`);
    try {
      await this.#send(key, reader);
    } finally {
      await reader.close();
    }
    await this.#around.write(...beside);
    await this.staged.discardWithNotes(notes);
  }

  async #send(key: string, reader: BlobReader): Promise<void> {
    const { bucket, sizes } = this.#around;
    const open = (start: number, end: number) =>
      new RequestContent(end - start, (into, position) => reader.read(into, start + position));
    const spans = sizes.spansOf(reader.size);
    if (reader.size <= smallBytes) {
      const content = Buffer.allocUnsafe(reader.size);
      await bucket.put(key, content.subarray(0, await reader.read(content, 0)));
    } else if (spans.length === 1) await bucket.putStream(key, reader.size, () => open(0, reader.size));
    else {
      const parts = spans.map(({ start, end }) => ({ size: end - start, open: () => open(start, end) }));
      await storeInParts(bucket, key, parts);
    }
  }
}
