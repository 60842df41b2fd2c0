import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import { Server as TcpServer } from "node:net";
import { http, https } from "../foundation/node-http.js";
import { type TlsSettings, tlsOptionsOf } from "./tls/tls-settings.js";

interface NodeServerSettings {
  /** `undefined` for plain HTTP. */
  readonly tls: TlsSettings | undefined;
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly keepAlive: number;
}

/** How often Node checks for connections whose headers take too long. */
const timeoutCheckMs = 5_000;

/** Node's server for HTTP or HTTPS, with Node's own silent decisions turned off. */
export function createNodeServer({ tls, maxHeaderSize, headersTimeout, keepAlive }: NodeServerSettings): Server {
  const options = {
    maxHeaderSize,
    headersTimeout,
    keepAliveTimeout: keepAlive,
    // No limit on a whole request: a layer of 100 GB over a slow line is not an attack. Bodies that stall are the stall
    // watch's business.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(timeoutCheckMs, Math.ceil(headersTimeout / 2)),
    // Node would send an empty refusal, without a log line.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? http.createServer(options)
      : https().createServer({ ...options, ...tlsOptionsOf(tls), handshakeTimeout: headersTimeout });
  // Node would silently drop further headers; their size is limited, and their number is checked elsewhere.
  server.maxHeadersCount = 0;
  // An HTTP server's own `close` would cut off responses that are written but not sent. Node's cluster module calls it
  // too.
  server.close = (done) => {
    TcpServer.prototype.close.call(server, done);
    return server;
  };
  return server;
}

export function isTlsServer(server: Server): server is TlsServer {
  return "setSecureContext" in server;
}
