import type { StagedObject } from "../../storage/staging.js";
import type { BlobTransfer } from "./blob-transfer.js";
import type { ArrivalBound } from "./cache-room.js";
import type { RunningDownload } from "./fetch-blob.js";
import { readAhead } from "./read-ahead.js";
import { RecentPieces } from "./recent-pieces.js";

/**
 * Receives a body that is the blob itself. Clients read it as it arrives.
 * @returns where it is stored
 * @throws RegistryError if its digest is wrong
 */
export async function receivePlain(
  { wanted, state, storage }: RunningDownload,
  transfer: BlobTransfer,
  bound: ArrivalBound,
): Promise<StagedObject> {
  const staged = storage.downloads.staged(wanted.digest);
  const recent = new RecentPieces();
  state.recent = recent;
  await staged.append(transfer.length, published());
  try {
    transfer.prove();
  } catch (error) {
    // Reported first: a client that arrives from now on must not join this download.
    state.fail(error);
    await staged.invalidate();
    await storage.downloads.forgetSize(wanted.digest);
    throw error;
  }
  // What is proved need not be stored before clients get its last byte, if storing it takes as long as sending it.
  if (storage.downloads.areStoredElsewhere) state.prove(transfer.length);
  return staged;

  /** When the storage asks for more, what it has taken can be read. */
  async function* published(): AsyncGenerator<Buffer, void, void> {
    let written = transfer.length;
    state.arrived(written);
    for await (const piece of readAhead(transfer.content())) {
      bound.admit(piece.length);
      yield piece;
      recent.add(written, piece);
      written += piece.length;
      state.arrived(written);
    }
  }
}
