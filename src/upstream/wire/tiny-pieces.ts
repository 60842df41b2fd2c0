import type { IncomingMessage } from "node:http";
import { InvalidAnswerError } from "./wire-errors.js";

/** No server sends so many pieces in a row that are shorter than this on average. */
const tiny = { pieces: 5_000, bytes: 8 };

/**
 * Breaks off a body in chunks of a byte or two. Node calls back for each of them, a hundred thousand times in one turn of
 * the event loop, and nobody else is served meanwhile.
 */
export function refuseTinyPieces(message: IncomingMessage): void {
  const { push } = message;
  let [pieces, bytes] = [0, 0];
  // Node's parser passes each piece to this.
  message.push = (piece: Buffer | null, encoding) => {
    pieces += 1;
    bytes += piece?.length ?? 0;
    if (pieces === tiny.pieces) {
      if (bytes < pieces * tiny.bytes)
        message.destroy(new InvalidAnswerError("its body comes in pieces of a few bytes"));
      [pieces, bytes] = [0, 0];
    }
    return push.call(message, piece, encoding);
  };
}
