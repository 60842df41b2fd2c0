import type { ClientRequest } from "node:http";
import type { Duplex } from "node:stream";
import { HttpsProxyAgent } from "https-proxy-agent";
import { unwatchIdle, watchIdle } from "./idle-socket.js";

/** Keeps connections alive that lead through an egress proxy. */
export class TunnelAgent extends HttpsProxyAgent<string> {
  /** @returns whether the connection is kept, which Node's types lack */
  override keepSocketAlive(socket: Duplex): boolean {
    watchIdle(socket);
    return Boolean(super.keepSocketAlive(socket));
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    unwatchIdle(socket);
    super.reuseSocket(socket, request);
  }
}
