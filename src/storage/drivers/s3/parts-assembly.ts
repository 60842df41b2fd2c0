import { storeInParts } from "./part-uploads.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { UploadRecord } from "./upload-record.js";

/** Puts an object together from what has arrived of it, inside the store. @param keyOf the key of a part */
export async function assemble(
  bucket: S3Bucket,
  key: string,
  { parts, tail }: UploadRecord,
  keyOf: (name: string) => string,
): Promise<void> {
  const [only, ...others] = parts;
  if (only === undefined) await bucket.put(key, tail);
  else if (others.length === 0 && tail.length === 0) await bucket.copy(keyOf(only.name), key, only.size);
  else {
    const copies = parts.map(({ name, size }) => ({ size, copyOf: keyOf(name) }));
    const rest = tail.length === 0 ? [] : [{ size: tail.length, content: tail }];
    await storeInParts(bucket, key, [...copies, ...rest]);
  }
}

/** The smaller part that was at the end is contained in the one that has followed it. */
export async function removeReplaced(
  bucket: S3Bucket,
  before: UploadRecord,
  after: UploadRecord,
  keyOf: (name: string) => string,
): Promise<void> {
  const names = new Set(after.parts.map(({ name }) => name));
  const replaced = before.parts.filter(({ name }) => !names.has(name));
  for (const { name } of replaced) await bucket.delete(keyOf(name)).catch(() => {});
}
