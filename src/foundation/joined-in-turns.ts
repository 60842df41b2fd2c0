import { nextTurn } from "./event-loop-breaks.js";
import { freeMemory } from "./free-memory.js";

/** Copying these, into memory that was never used, takes a millisecond. */
const bytesATurn = 1024 * 1024;

/**
 * Joins buffers as `Buffer.concat` does, and lets other work run in between.
 * @param pieces that nothing else uses: their memory is freed
 */
export async function joinedInTurns(pieces: readonly Buffer[]): Promise<Buffer> {
  const joined = Buffer.allocUnsafeSlow(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let end = 0;
  let copied = 0;
  for (const piece of pieces) {
    end += piece.copy(joined, end);
    copied += piece.length;
    freeMemory(piece);
    if (copied < bytesATurn) continue;
    copied = 0;
    await nextTurn();
  }
  return joined;
}
