import { randomUUID } from "node:crypto";
import { GetBucketVersioningCommand } from "@aws-sdk/client-s3";
import type { S3Bucket } from "./s3-bucket.js";

/**
 * How the names in a folder are found. Where the bucket keeps versions, MinIO lists a folder although all of its objects
 * were deleted, since their versions are still there: there, the objects are listed instead.
 */
export type FolderReading = "folders" | "objects";

/** Whether what is deleted stays as an older version; `undefined` if the store does not say, or may not be asked. */
export async function keepsVersions(bucket: S3Bucket): Promise<boolean | undefined> {
  try {
    const { Status } = await bucket.client.send(new GetBucketVersioningCommand({ Bucket: bucket.name }));
    return Status !== undefined;
  } catch {
    return undefined;
  }
}

/** Tries how folders can be read, and leaves nothing behind. */
export async function probeFolders(bucket: S3Bucket): Promise<FolderReading> {
  const folder = `.berth/probe/${randomUUID()}`;
  await bucket.put(`${folder}/object`, Buffer.alloc(0));
  await bucket.delete(`${folder}/object`);
  const { folders } = await bucket.list(folder, { folders: true, limit: 1 });
  return folders.length === 0 ? "folders" : "objects";
}
