import type { Logger } from "../../../observability/logger.js";
import { type FolderReading, keepsVersions, probeFolders } from "./kept-versions.js";
import { S3Bucket } from "./s3-bucket.js";
import { createClient, renewKeys } from "./s3-client.js";
import type { S3Settings } from "./s3-settings.js";
import { checkBucket } from "./start-check.js";
import { StoreCalls } from "./store-calls.js";
import { probeWrites, type WriteAbility } from "./write-probe.js";

/** A bucket, and what was found out about its store. */
export interface OpenedBucket {
  readonly bucket: S3Bucket;
  readonly ability: WriteAbility;
  readonly reading: FolderReading;
}

/** What the operator should know about a store. */
const weaknesses = {
  "last writer wins":
    "conditional writes of the store do not hold if two clients race, so the last writer wins: run one replica on this bucket, or accept that pushes of one tag or upload in the same moment may be lost",
  none: "stored content is served, but nothing can be pushed, cached or deleted: storage.s3: the keys may not write to the bucket; allow it, and start Berth again",
} as const;

/** Checks the bucket, and tries what can be relied on. @throws StorageError that says what is wrong */
export async function openBucket(settings: S3Settings, log?: Logger): Promise<OpenedBucket> {
  const bucket = await checkedBucket(settings);
  const ability = await probeWrites(bucket);
  if (ability !== "safe") log?.warn(weaknesses[ability], { bucket: bucket.name });
  if (ability !== "none") return { bucket, ability, reading: await readingOf(bucket, log) };
  // Without a lease and a mark of its own it must not begin to write in the middle, beside others that do.
  bucket.calls.refuseChanges();
  return { bucket, ability, reading: "folders" };
}

/** Changes nothing in the bucket. @throws StorageError that says what is wrong */
export async function openBucketAsItIs(settings: S3Settings): Promise<OpenedBucket> {
  return { bucket: await checkedBucket(settings), ability: "last writer wins", reading: "folders" };
}

async function checkedBucket(settings: S3Settings): Promise<S3Bucket> {
  const client = await createClient(settings);
  await checkBucket(client, settings);
  return new S3Bucket(client, new StoreCalls(() => renewKeys(client)), settings);
}

/** Only where the bucket keeps versions, or may keep them, is it tried whether emptied folders are listed. */
async function readingOf(bucket: S3Bucket, log: Logger | undefined): Promise<FolderReading> {
  const isKept = await keepsVersions(bucket);
  if (isKept === true)
    log?.info(
      "the bucket keeps versions, so what is deleted takes room until a lifecycle rule of the bucket expires old versions",
      { bucket: bucket.name },
    );
  return isKept === false ? "folders" : probeFolders(bucket);
}
