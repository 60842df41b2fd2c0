import { algorithmOf, Digester } from "../../oci/digest.js";
import { hashReader } from "../../oci/hash-reader.js";
import type { StagedObject } from "../../storage/staging.js";
import { BlobTransfer, type TransferOptions } from "./blob-transfer.js";
import type { WantedBlob } from "./wanted-blob.js";

/**
 * Asks the upstream for the blob. The transfer continues where an earlier one ended, unless the earlier bytes cannot be
 * part of this body: then they are deleted.
 */
export async function beginTransfer(
  wanted: WantedBlob,
  staged: StagedObject,
  options: TransferOptions,
): Promise<BlobTransfer> {
  const resumed = new BlobTransfer(wanted, await hashOfRemains(wanted, staged), options);
  await resumed.begin();
  const { announced, length, isInDoubt } = resumed;
  const isPart = !isInDoubt && (announced === undefined || length <= announced);
  if (length === 0 || isPart) return resumed;
  resumed.close();
  // Not only deleted: clients of other processes may be reading it, and must not take it for the blob.
  await staged.invalidate();
  const anew = new BlobTransfer(wanted, new Digester(algorithmOf(wanted.digest)), options);
  await anew.begin();
  return anew;
}

/** The hash of what an earlier transfer left. */
export async function hashOfRemains({ digest }: WantedBlob, staged: StagedObject): Promise<Digester> {
  const digester = new Digester(algorithmOf(digest));
  const reader = await staged.openRead();
  if (reader === undefined) return digester;
  try {
    await hashReader(reader, digester, reader.size);
  } finally {
    await reader.close();
  }
  return digester;
}
