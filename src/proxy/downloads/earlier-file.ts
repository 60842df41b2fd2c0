import type { BlobReader } from "../../oci/blob-reader.js";

/** Bytes that are compared at a time. */
const comparedBytes = 64 * 1024;

/**
 * A file that was found to be no part of the blob was emptied (`StagedObject.invalidate`), by whichever process found
 * it: a client that has read from it must be cut off.
 */
export async function requireKept(file: BlobReader, position: number): Promise<void> {
  if (position > 0 && (await file.read(Buffer.alloc(1), position - 1)) === 0)
    throw new Error(`what was read before ${position} is no part of the blob`);
}

/**
 * A client goes on in another file only if it has from the old one what the new one begins with.
 * @param position the position after the last byte that the client has
 * @throws Error if it does not, or the old file was emptied, so that nothing can be compared
 */
export async function requireSameBytes(
  old: BlobReader | undefined,
  other: BlobReader | undefined,
  position: number,
): Promise<void> {
  if (old === undefined || areSame(old, other)) return;
  if (other === undefined || !(await beginAlike(old, other, position)))
    throw new Error("what an earlier download left is no part of the blob");
}

/** Whether both read one file, which has got its name meanwhile. */
function areSame(one: BlobReader, other: BlobReader | undefined): boolean {
  const identity = one.identity?.();
  return identity !== undefined && identity === other?.identity?.();
}

/** Compares what both files have before the position. What cannot be compared, since the old file was emptied, may be wrong. */
async function beginAlike(one: BlobReader, other: BlobReader, position: number): Promise<boolean> {
  const [first, second] = [Buffer.allocUnsafe(comparedBytes), Buffer.allocUnsafe(comparedBytes)];
  for (let at = 0; at < position; ) {
    const wanted = Math.min(comparedBytes, position - at);
    const [ours, theirs] = [
      await one.read(first.subarray(0, wanted), at),
      await other.read(second.subarray(0, wanted), at),
    ];
    const count = Math.min(ours, theirs);
    if (count === 0 || !first.subarray(0, count).equals(second.subarray(0, count))) return false;
    at += count;
  }
  return true;
}
