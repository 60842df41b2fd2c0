import { BoundedMap } from "../../../foundation/bounded-map.js";
import type { NamesWanted } from "../../driver.js";
import type { StagedObject, Staging } from "../../staging.js";
import { keysAtOrBelow, removeTogether } from "./removals.js";
import { listFolder } from "./sorted-folder.js";
import {
  type KnownRecord,
  partsFolder,
  recordsFolder,
  StagedUpload,
  type UploadSurroundings,
} from "./staged-upload.js";

/** Each may hold 64 KiB. */
const knownRecords = 300;

/** Unfinished content in a bucket, which any machine can continue. */
export class BucketStaging implements Staging {
  readonly #around: UploadSurroundings;

  constructor(around: Omit<UploadSurroundings, "known">) {
    this.#around = { ...around, known: new BoundedMap<string, KnownRecord>(knownRecords) };
  }

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
