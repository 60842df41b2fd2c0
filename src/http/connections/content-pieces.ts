import type { IncomingMessage } from "node:http";

/** Calls back for each piece of a body's content, whoever reads it, and when. */
export function onContent(request: IncomingMessage, listener: () => void): void {
  const { push } = request;
  // Node's parser passes each piece to this.
  request.push = (piece: Buffer | null, encoding) => {
    listener();
    return push.call(request, piece, encoding);
  };
}
