import type { Digest } from "../../src/oci/digest.js";
import { digestOf } from "../../src/oci/digest.js";
import type { RepositoryName } from "../../src/oci/repository-name.js";
import type { Storage } from "../../src/storage/storage.js";

/** Stores a blob as a push does, and returns its digest. */
export async function storeBlob(
  storage: Storage,
  name: RepositoryName,
  bytes: Buffer,
  digest: Digest = digestOf(bytes),
): Promise<Digest> {
  const staged = storage.uploads.scratch();
  await staged.append(0, inOnePiece(bytes));
  await storage.repository(name).addBlob(digest, staged);
  return digest;
}

export async function* inOnePiece(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
