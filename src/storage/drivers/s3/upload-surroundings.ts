import type { BoundedMap } from "../../../foundation/bounded-map.js";
import type { ObjectContent } from "../../staging.js";
import type { ConditionalObjects } from "./conditional-objects.js";
import type { PartSizes } from "./part-sizes.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { UploadRecord } from "./upload-record.js";

/** A record, and the version of its object. */
export interface KnownRecord {
  readonly etag: string;
  readonly record: UploadRecord;
}

/** What an unfinished object needs from its driver. */
export interface UploadSurroundings {
  readonly bucket: S3Bucket;
  readonly conditional: ConditionalObjects | undefined;
  readonly sizes: PartSizes;
  readonly folder: string;
  /** Records that this process has seen, by key; asked for again, they are hardly ever sent. */
  readonly known: BoundedMap<string, KnownRecord>;
  write(...objects: readonly ObjectContent[]): Promise<void>;
}
