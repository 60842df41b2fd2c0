import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { Server as TcpServer } from "node:net";
import { type TlsSettings, tlsOptionsOf } from "./tls/tls-settings.js";

interface NodeServerSettings {
  /** HTTP without. */
  readonly tls: TlsSettings | undefined;
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly keepAlive: number;
}

/** How often node looks for connections whose headers take too long, where these have long enough. */
const timeoutCheckMs = 5_000;

/** A server of node's, for HTTP or HTTPS, that leaves to us what node would decide without a word. */
export function createNodeServer({ tls, maxHeaderSize, headersTimeout, keepAlive }: NodeServerSettings): Server {
  const options = {
    maxHeaderSize,
    headersTimeout,
    keepAliveTimeout: keepAlive,
    // No limit on a whole request: a layer of 100 GB over a slow line is no attack. Bodies that stand still are
    // the stall watch's business.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(timeoutCheckMs, Math.ceil(headersTimeout / 2)),
    // Node would refuse with an empty answer, and without a line in the log.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? createHttpServer(options)
      : createHttpsServer({ ...options, ...tlsOptionsOf(tls), handshakeTimeout: headersTimeout });
  // Node would leave further headers out without a word; their size is limited, and their number where it is checked.
  server.maxHeadersCount = 0;
  // An HTTP server's own would cut off answers that are written and not yet sent. Node's cluster module calls it, too.
  server.close = (done) => {
    TcpServer.prototype.close.call(server, done);
    return server;
  };
  return server;
}
