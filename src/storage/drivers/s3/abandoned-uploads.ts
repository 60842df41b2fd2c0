import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";
import type { Logger } from "../../../observability/logger.js";
import { removeTogether } from "./removals.js";
import type { S3Bucket } from "./s3-bucket.js";
import { partsFolder, recordsFolder } from "./staged-upload.js";

/** Nothing takes this long that is still under way. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Where Berth puts objects together. Registry:2 has uploads of its own elsewhere. */
const blobs = "docker/registry/v2/blobs/";

/** What killed processes have left of uploads, which costs storage and is in no list of objects. */
export async function removeAbandonedUploads(
  bucket: S3Bucket,
  log: Logger | undefined,
  now = Date.now(),
): Promise<void> {
  const aborted = await abortUploads(bucket, now - abandonedAfterMs);
  const removed = await removeLooseParts(bucket, now - abandonedAfterMs);
  if (aborted + removed > 0) log?.info("abandoned uploads were removed from the bucket", { aborted, parts: removed });
}

/** Where a page of unfinished uploads begins. */
type Markers = Pick<ListMultipartUploadsCommandInput, "KeyMarker" | "UploadIdMarker">;

/** MinIO lists none without an exact key; it aborts them by itself after a day. */
async function abortUploads(bucket: S3Bucket, before: number): Promise<number> {
  let aborted = 0;
  const { Bucket: name, Key: Prefix } = bucket.at(blobs);
  for (let markers: Markers | undefined = {}; markers !== undefined; ) {
    const asked = new ListMultipartUploadsCommand({ Bucket: name, Prefix, ...markers });
    const page: ListMultipartUploadsCommandOutput = await bucket.calls.run("listing unfinished uploads", () =>
      bucket.client.send(asked),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated.getTime() > before) continue;
      await bucket.calls.run(`removing an unfinished upload of ${Key}`, () =>
        bucket.client.send(new AbortMultipartUploadCommand({ Bucket: name, Key, UploadId })),
      );
      aborted++;
    }
    markers = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
  return aborted;
}

/** Parts whose record is gone. A failed look at the record is no proof of that, and ends the search. */
async function removeLooseParts(bucket: S3Bucket, before: number): Promise<number> {
  const loose: string[] = [];
  const isOpen = new Map<string, boolean>();
  for await (const { key, modifiedMs } of bucket.all(`${partsFolder}/`)) {
    if (modifiedMs > before) continue;
    const upload = key.slice(partsFolder.length + 1, key.lastIndexOf("/"));
    const known = isOpen.get(upload) ?? (await bucket.head(`${recordsFolder}/${upload}`)) !== undefined;
    isOpen.set(upload, known);
    if (!known) loose.push(key);
  }
  await removeTogether(bucket, loose);
  return loose.length;
}
