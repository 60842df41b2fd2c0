import type { LookupAddress } from "node:dns";
import type { AgentOptions, ClientRequestArgs } from "node:http";
import type { AgentOptions as HttpsAgentOptions, RequestOptions } from "node:https";
import type { TcpSocketConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { http, https } from "../../foundation/node-http.js";
import { dial } from "./dial.js";
import { closeUnasked } from "./idle-socket.js";

/** How agents resolve a host, and how long a connection may take. */
export interface Dialer {
  readonly addressesOf: (hostname: string) => Promise<readonly LookupAddress[]>;
  readonly withinMs: number;
}

type OnSocket = (error: Error | null, socket: Duplex) => void;

/** Keeps plain connections alive, and creates new ones with {@link dial}. */
export class DialingHttpAgent extends http.Agent {
  readonly #dialer: Dialer;

  constructor(dialer: Dialer, options: AgentOptions) {
    super(options);
    this.#dialer = dialer;
    closeUnasked(this);
  }

  override createConnection(options: ClientRequestArgs, onSocket: OnSocket): undefined {
    reach(this.#dialer, options, (socket) => socket, onSocket);
  }
}

/** The same for TLS. */
export class DialingHttpsAgent extends https().Agent {
  readonly #dialer: Dialer;

  constructor(dialer: Dialer, options: HttpsAgentOptions) {
    super(options);
    this.#dialer = dialer;
    closeUnasked(this);
  }

  override createConnection(options: RequestOptions, onSocket: OnSocket): undefined {
    const secured = (socket: Duplex) => {
      const overSocket: RequestOptions & { socket: Duplex } = { ...options, socket };
      return super.createConnection(overSocket) ?? socket;
    };
    reach(this.#dialer, options, secured, onSocket);
  }
}

/** Calls back with a connection, or with the error. */
function reach(
  { addressesOf, withinMs }: Dialer,
  options: ClientRequestArgs & Pick<TcpSocketConnectOpts, "noDelay" | "keepAlive" | "keepAliveInitialDelay">,
  wrap: (socket: Duplex) => Duplex,
  onSocket: OnSocket,
): void {
  const { host, port, noDelay, keepAlive, keepAliveInitialDelay } = options;
  addressesOf(host ?? "")
    .then((addresses) => dial(addresses, { port: Number(port), noDelay, keepAlive, keepAliveInitialDelay }, withinMs))
    .then((socket) => onSocket(null, wrap(socket)))
    // Node accepts no socket with an error.
    .catch((error) => onSocket(error, undefined as never));
}
