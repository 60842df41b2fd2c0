import { setTimeout as sleep } from "node:timers/promises";

const pieceSize = 256 * 1024;
/** How much earlier than its turn a piece may be sent, since timers are late. */
const slackMs = 5;

/** The line of all responses to their clients, at full speed or limited to a number of bytes per second in total. */
export class Line {
  bytesPerSecond = Number.POSITIVE_INFINITY;
  #freeAt = 0;

  /** Sends and ends a response; reports what the system accepts. */
  async send(bytes, response, noteSent) {
    for (let position = 0; position < bytes.length && !response.destroyed; position += pieceSize) {
      const piece = bytes.subarray(position, position + pieceSize);
      await this.#turn(piece.length);
      if (await write(response, piece)) noteSent(piece.length);
    }
    response.end();
  }

  async #turn(length) {
    if (this.bytesPerSecond === Number.POSITIVE_INFINITY) return;
    const now = performance.now();
    const start = Math.max(this.#freeAt, now - slackMs);
    this.#freeAt = start + (length / this.bytesPerSecond) * 1000;
    if (this.#freeAt > now) await sleep(this.#freeAt - now);
  }
}

/** Whether the system accepted it. */
function write(response, piece) {
  return new Promise((resolve) => {
    const cut = () => resolve(false);
    response.once("close", cut);
    response.write(piece, (error) => {
      response.off("close", cut);
      resolve(!error);
    });
  });
}
