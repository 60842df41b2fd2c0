import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { listedAtOnce } from "./listed-page.js";
import type { S3Bucket } from "./s3-bucket.js";
import { faultOf } from "./store-error.js";

/** Keys whose removal is under way at the same time. */
const keysAtOnce = 8;

/**
 * Removes objects and everything below them; below each key one after another, in code point order.
 * @param removed is told of each key, even if its removal failed: it may have taken effect
 */
export async function removeBelow(
  bucket: S3Bucket,
  keys: readonly string[],
  removed: (key: string) => void,
): Promise<void> {
  const waiting = keys.values();
  const takeTurns = async () => {
    for (const key of waiting)
      for (const each of await keysAtOrBelow(bucket, key)) await bucket.delete(each).finally(() => removed(each));
  };
  await Promise.all(Array.from({ length: Math.min(keysAtOnce, keys.length) }, takeTurns));
}

/** In code point order. */
export async function keysAtOrBelow(bucket: S3Bucket, key: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const object of bucket.all(key)) {
    // `a-b` is between `a` and what is below it.
    if (object.key === key || object.key.startsWith(`${key}/`)) found.push(object.key);
    else if (object.key > `${key}/`) break;
  }
  return found.sort();
}

/** Removes objects in any order, with few requests where the store can do that. */
export async function removeTogether(bucket: S3Bucket, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += listedAtOnce) {
    const left = (await removeMany(bucket, keys.slice(start, start + listedAtOnce))).values();
    const takeTurns = async () => {
      for (const key of left) await bucket.delete(key);
    };
    await Promise.all(Array.from({ length: keysAtOnce }, takeTurns));
  }
}

/** Google Cloud Storage cannot remove many in one request. @returns what must be removed one by one */
async function removeMany(bucket: S3Bucket, keys: readonly string[]): Promise<readonly string[]> {
  const asked = new DeleteObjectsCommand({
    Bucket: bucket.name,
    Delete: { Objects: keys.map((key) => ({ Key: bucket.at(key).Key })), Quiet: true },
  });
  const removed = await bucket.calls.run(`removing ${keys[0]} and others`, async () => {
    try {
      return await bucket.client.send(asked);
    } catch (error) {
      if (isNotImplemented(error)) return undefined;
      throw error;
    }
  });
  if (removed === undefined) return keys;
  return (removed.Errors ?? []).some(({ Code }) => Code !== "NoSuchKey") ? keys : [];
}

function isNotImplemented(error: unknown): boolean {
  const { code, status } = faultOf(error);
  return status === 501 || code === "NotImplemented";
}
