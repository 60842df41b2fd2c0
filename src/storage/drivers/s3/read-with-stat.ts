import type { ReadObject } from "../../driver.js";
import { ObjectReader } from "./object-reader.js";
import type { S3Bucket } from "./s3-bucket.js";

/** Reads an object and its stat in one request. */
export async function readWithStat(bucket: S3Bucket, key: string, atMost: number): Promise<ReadObject | undefined> {
  const reader = await ObjectReader.openNow(bucket, key);
  if (reader === undefined) return undefined;
  const stat = { size: reader.size, modifiedMs: reader.modifiedMs, version: reader.etag };
  try {
    if (reader.size > atMost) return { stat, content: undefined };
    const content = Buffer.allocUnsafe(reader.size);
    return { stat, content: content.subarray(0, await reader.read(content, 0)) };
  } finally {
    await reader.close();
  }
}
