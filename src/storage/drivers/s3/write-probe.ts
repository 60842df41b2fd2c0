import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Bucket } from "./s3-bucket.js";
import { faultOf, isConditionFailure, toStorageError } from "./store-error.js";

/** How many clients write the same new object at once. */
const racers = 4;

const slowBytes = 64 * 1024;
const lockedForMs = 150;

/** A denial that passes comes from a removal nearby, such as that of another replica's probe (`store-error.ts`). */
const probesIfDenied = 4;
const waitIfDeniedMs = 250;

/** Some stores answer no condition at all, or answer as to an error of their own. */
type Outcome = "written" | "refused";

/** What can be relied on when a bucket is changed. */
export type WriteAbility = "safe" | "last writer wins" | "none";

/** Tries it, and leaves nothing behind. */
export async function probeWrites(bucket: S3Bucket): Promise<WriteAbility> {
  for (let probe = 1; ; probe++) {
    try {
      return (await conditionalWritesHold(bucket)) ? "safe" : "last writer wins";
    } catch (error) {
      const failure = toStorageError(error, "writing to the bucket");
      if (failure.kind !== "readonly") throw failure;
      if (probe === probesIfDenied) return "none";
      await delay(waitIfDeniedMs * probe);
    }
  }
}

/**
 * Finds out whether conditional writes hold if two clients race: only then may anything rest on them. A store that
 * checks the condition first and writes later passes every test in which one request follows the other.
 */
async function conditionalWritesHold(bucket: S3Bucket): Promise<boolean> {
  const key = `.berth/probe/${randomUUID()}`;
  try {
    // Without a condition: what is refused here is refused for another reason.
    await bucket.put(`${key}-version`, Buffer.from("first"));
    return (
      (await holdsForSlowWriter(bucket, `${key}-slow`)) &&
      (await holdsInRace(bucket, `${key}-race`)) &&
      (await holdsForVersions(bucket, `${key}-version`))
    );
  } finally {
    // They are small, and nobody reads them: a failure to remove them must not hide that of the probe.
    await Promise.allSettled(["slow", "race", "version"].map((kind) => bucket.delete(`${key}-${kind}`)));
  }
}

/** A request whose body arrives after another client has written the object. */
async function holdsForSlowWriter(bucket: S3Bucket, key: string): Promise<boolean> {
  const body = new PassThrough();
  const slow = outcomeOf(
    bucket.client.send(
      new PutObjectCommand({ ...bucket.at(key), IfNoneMatch: "*", Body: body, ContentLength: slowBytes }),
    ),
  );
  body.write(Buffer.alloc(slowBytes / 2));
  const quick = create(bucket, key, "quick");
  const both = Promise.all([slow, quick]);
  // A failure is handled below; until then it must not count as unhandled.
  both.catch(() => {});
  // A store that locks the key makes the second client wait for the first.
  await Promise.race([Promise.allSettled([quick]), delay(lockedForMs)]);
  body.end(Buffer.alloc(slowBytes / 2));
  return isOneWritten(await both);
}

async function holdsInRace(bucket: S3Bucket, key: string): Promise<boolean> {
  const racing = Array.from({ length: racers }, (_, index) => create(bucket, key, String(index)));
  return isOneWritten(await Promise.all(racing));
}

async function holdsForVersions(bucket: S3Bucket, key: string): Promise<boolean> {
  const replace = (content: string, IfMatch: string) =>
    outcomeOf(bucket.client.send(new PutObjectCommand({ ...bucket.at(key), IfMatch, Body: content })));
  const first = (await bucket.put(key, Buffer.from("first"))).etag ?? "";
  const racing = Array.from({ length: racers }, (_, index) => replace(`second ${index}`, first));
  if (!isOneWritten(await Promise.all(racing))) return false;
  await bucket.delete(key);
  // MinIO wrote it until August 2025 (minio#21526).
  return (await replace("third", first)) === "refused";
}

function create(bucket: S3Bucket, key: string, content: string): Promise<Outcome> {
  return outcomeOf(bucket.client.send(new PutObjectCommand({ ...bucket.at(key), IfNoneMatch: "*", Body: content })));
}

async function outcomeOf(request: Promise<unknown>): Promise<Outcome> {
  try {
    await request;
    return "written";
  } catch (error) {
    const fault = faultOf(error);
    const isRefused = isConditionFailure(fault) || fault.status === 409 || fault.status === 404;
    // Backblaze B2 answers 400 to a header that it does not know, and other stores 501.
    if (isRefused || fault.status === 400 || fault.status === 501) return "refused";
    throw error;
  }
}

/** Without any, the store does not know conditions and refuses them. */
function isOneWritten(outcomes: readonly Outcome[]): boolean {
  return outcomes.filter((outcome) => outcome === "written").length === 1;
}
