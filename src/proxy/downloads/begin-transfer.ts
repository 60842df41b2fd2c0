import { algorithmOf, Digester } from "../../oci/digest.js";
import { hashReader } from "../../oci/hash-reader.js";
import type { StagedObject } from "../../storage/staging.js";
import type { BlobOrder } from "./blob-order.js";
import { BlobTransfer, type TransferOptions } from "./blob-transfer.js";

/**
 * Hears from the upstream whether it has the blob. The transfer goes on where an earlier one ended, unless what that
 * left cannot be a part of what comes: then it goes.
 */
export async function beginTransfer(
  order: BlobOrder,
  staged: StagedObject,
  options: TransferOptions,
): Promise<BlobTransfer> {
  const resumed = new BlobTransfer(order, await hashOfRemains(order, staged), options);
  await resumed.begin();
  const { announced, length, isInDoubt } = resumed;
  const isPart = !isInDoubt && (announced === undefined || length <= announced);
  if (length === 0 || isPart) return resumed;
  resumed.close();
  await staged.discard();
  const anew = new BlobTransfer(order, new Digester(algorithmOf(order.digest)), options);
  await anew.begin();
  return anew;
}

/** Of what an earlier transfer left. */
async function hashOfRemains({ digest }: BlobOrder, staged: StagedObject): Promise<Digester> {
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
