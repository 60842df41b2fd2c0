import { BoundedMap } from "../../../foundation/bounded-map.js";
import type { NamesWanted } from "../../driver.js";
import type { StagedObject, Staging } from "../../staging.js";
import { DirectUpload } from "./direct-upload.js";
import { keysAtOrBelow, removeTogether } from "./removals.js";
import { listFolder } from "./sorted-folder.js";
import { partsFolder, recordsFolder, StagedUpload } from "./staged-upload.js";
import type { KnownRecord, UploadSurroundings } from "./upload-surroundings.js";

/** Each may hold 64 KiB. */
const knownRecords = 300;

/** Unfinished content in a bucket, which any machine can continue. */
export class BucketStaging implements Staging {
  /** Where conditional writes hold, a record is replaced only by whoever has read it last. */
  readonly refusesRivals: boolean;
  readonly #around: UploadSurroundings;

  constructor(around: Omit<UploadSurroundings, "known">) {
    this.refusesRivals = around.conditional !== undefined;
    this.#around = { ...around, known: new BoundedMap<string, KnownRecord>(knownRecords) };
  }

  readonly direct = (key: string): StagedObject => new DirectUpload(key, this.#around);

  at(key: string): StagedObject {
    return new StagedUpload(key, this.#around);
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return listFolder(this.#around.bucket, `${recordsFolder}/${key}`, wanted);
  }

  async remove(key: string): Promise<void> {
    const { bucket } = this.#around;
    for (const folder of [recordsFolder, partsFolder])
      await removeTogether(bucket, await keysAtOrBelow(bucket, `${folder}/${key}`));
  }
}
