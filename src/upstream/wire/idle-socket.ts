import type { Duplex } from "node:stream";

/**
 * Closes a kept-alive connection on which something arrives although nothing was asked, as Go does. Node reads on and
 * drops what it reads, so an upstream could send without end, and the next answer would begin in the middle of it.
 */
export function watchIdle(socket: Duplex): void {
  socket.on("data", closeUnasked);
}

/** A request uses the connection from now on. */
export function unwatchIdle(socket: Duplex): void {
  socket.off("data", closeUnasked);
}

function closeUnasked(this: Duplex): void {
  this.destroy();
}
