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
    const size = await appendFromFirstPiece(staged, hashed(content, digester));
    const actual = digester.digest();
    if (actual !== digest) throw digestMismatch(digest, actual, size);
    await use(staged, size);
    return size;
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

/** Makes the file only when there is something to write: slow senders that begin together cause no rush of new files. */
async function appendFromFirstPiece(staged: StagedObject, pieces: AsyncGenerator<Buffer, void>): Promise<number> {
  try {
    const first = await pieces.next();
    return await staged.append(0, continued(first, pieces));
  } finally {
    await pieces.return();
  }
}

async function* continued(
  first: IteratorResult<Buffer, void>,
  pieces: AsyncGenerator<Buffer, void>,
): AsyncGenerator<Buffer, void> {
  for (let next = first; !next.done; next = await pieces.next()) yield next.value;
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
  add: (staged: StagedObject) => Promise<unknown>,
): Promise<number> {
  if (content.announced !== undefined) await storing.expect({ digest, size: content.announced });
  return withProvedBlob(storage, digest, measured({ content }, signal), (staged, size) =>
    storing.admit({ digest, size }, async () => {
      await add(staged);
    }),
  );
}
