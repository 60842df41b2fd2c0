import { algorithmOf, type Digest, Digester } from "../oci/digest.js";
import type { StagedObject } from "../storage/staging.js";
import type { Storage } from "../storage/storage.js";
import { hashed } from "./chunk-content.js";
import { digestMismatch } from "./upload-errors.js";

/**
 * Receives a blob in one request and runs an action once its digest is verified. Invalid or unused content is deleted.
 *
 * @returns its bytes
 * @throws RegistryError if it has another digest
 */
export async function withProvedBlob(
  { uploads }: Pick<Storage, "uploads">,
  digest: Digest,
  content: AsyncIterable<Buffer>,
  use: (staged: StagedObject) => Promise<void>,
): Promise<number> {
  const staged = uploads.placeOf(digest);
  const digester = new Digester(algorithmOf(digest));
  try {
    const size = await staged.append(0, hashed(content, digester));
    const actual = digester.digest();
    if (actual !== digest) throw digestMismatch(digest, actual, size);
    await use(staged);
    return size;
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
