import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, Digester } from "../../oci/digest.js";
import type { StagedObject } from "../../storage/staging.js";
import { type ContentCoding, decoded } from "../../upstream/wire/content-coding.js";
import type { BlobTransfer } from "./blob-transfer.js";
import type { ArrivalBound } from "./cache-room.js";
import type { RunningDownload } from "./fetch-blob.js";
import { readAhead } from "./read-ahead.js";
import { otherContent } from "./transfer-errors.js";
import type { WantedBlob } from "./wanted-blob.js";

const pieceBytes = 256 * 1024;

/** For blobs without a size in a manifest: a few bytes can decode to any number. */
const mostInflation = 100;
const alwaysDecoded = 64 * 1024 * 1024;

/**
 * Receives a body that is declared to be compressed, although no encoding was requested. Some upstreams only declare it
 * (S3 keeps `aws-chunked` from an upload; others label a layer by its file name), some do it. The body is stored as
 * sent, and the digest decides which form is the blob. No client gets a byte before that.
 * @returns where the right form is stored
 * @throws RegistryError if neither is right
 */
export async function receiveEncoded(
  { wanted, storage, room, log }: RunningDownload,
  transfer: BlobTransfer,
  bound: ArrivalBound,
): Promise<StagedObject> {
  const { digest, policy } = wanted;
  const encoded = storage.downloads.encoded(digest);
  await encoded.discard();
  await encoded.append(0, admitted(readAhead(transfer.content()), bound));
  const actual = transfer.digest();
  if (actual === digest) {
    policy.forms.proved("plain");
    return encoded;
  }
  const staged = storage.downloads.staged(digest);
  await staged.invalidate();
  const mostDecoded = wanted.size ?? Math.min(room.largest, alwaysDecoded + transfer.length * mostInflation);
  const isDecoded = await decodeInto(staged, encoded, wanted, transfer.codings, mostDecoded);
  await encoded.invalidate();
  if (isDecoded) {
    policy.forms.proved("decoded");
    return staged;
  }
  await staged.invalidate();
  throw otherContent(wanted, { actual, size: transfer.length }, log);
}

async function* admitted(content: AsyncIterable<Buffer>, bound: ArrivalBound): AsyncGenerator<Buffer, void, void> {
  for await (const piece of content) {
    bound.admit(piece.length);
    yield piece;
  }
}

/** @returns whether the decoded bytes are the blob */
async function decodeInto(
  staged: StagedObject,
  encoded: StagedObject,
  { digest }: WantedBlob,
  codings: readonly ContentCoding[],
  largest: number,
): Promise<boolean> {
  const reader = await encoded.openRead();
  if (reader === undefined) return false;
  const digester = new Digester(algorithmOf(digest));
  try {
    await staged.append(0, hashed(decodedOf(reader, codings), digester, largest));
    return digester.digest() === digest;
  } catch (error) {
    if (!isUndecodable(error)) throw error;
    return false;
  } finally {
    await reader.close();
  }
}

class UndecodableError extends Error {}

function isUndecodable(error: unknown): boolean {
  return error instanceof UndecodableError;
}

async function* hashed(content: AsyncIterable<Buffer>, digester: Digester, largest: number): AsyncIterable<Buffer> {
  for await (const piece of content) {
    digester.update(piece);
    if (digester.length > largest) throw new UndecodableError("the decoded content is larger than the blob may be");
    yield piece;
  }
}

async function* decodedOf(reader: BlobReader, codings: readonly ContentCoding[]): AsyncIterable<Buffer> {
  try {
    yield* decoded(contentOf(reader), codings);
  } catch (error) {
    throw new UndecodableError("it is not compressed as its Content-Encoding says", { cause: error });
  }
}

async function* contentOf(reader: BlobReader): AsyncGenerator<Buffer, void, void> {
  for (let position = 0; ; ) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const count = await reader.read(piece, position);
    if (count === 0) return;
    position += count;
    yield piece.subarray(0, count);
  }
}
