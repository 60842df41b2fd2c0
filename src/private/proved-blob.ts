import { algorithmOf, type Digest, Digester } from "../oci/digest.js";
import type { IncomingContent } from "../registry/repository.js";
import type { StagedObject } from "../storage/staging.js";
import type { Storage } from "../storage/storage.js";
import { hashed, measured } from "./chunk-content.js";
import type { StoringRules } from "./storing-rules.js";
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
  use: (staged: StagedObject, size: number) => Promise<void>,
): Promise<number> {
  const staged = uploads.placeOf(digest);
  const digester = new Digester(algorithmOf(digest));
  try {
    const size = await staged.append(0, hashed(content, digester));
    const actual = digester.digest();
    if (actual !== digest) throw digestMismatch(digest, actual, size);
    await use(staged, size);
    return size;
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

interface Receiving {
  readonly storage: Storage;
  readonly storing: StoringRules;
  readonly signal: AbortSignal;
}

/** The same for a blob that needs no session, as far as the rules allow it. */
export async function receiveBlob(
  digest: Digest,
  content: IncomingContent,
  { storage, storing, signal }: Receiving,
  add: (staged: StagedObject) => Promise<void>,
): Promise<number> {
  if (content.announced !== undefined) await storing.expect({ digest, size: content.announced });
  return withProvedBlob(storage, digest, measured({ content }, signal), (staged, size) =>
    storing.admit({ digest, size }, () => add(staged)),
  );
}
