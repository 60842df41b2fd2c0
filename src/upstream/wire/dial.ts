import type { LookupAddress } from "node:dns";
import { connect, type Socket, type TcpSocketConnectOpts } from "node:net";
import { inWords } from "../limits/deadline.js";
import { TimedOutError } from "./wire-errors.js";

/** RFC 8305, "Connection Attempt Delay"; Go's "FallbackDelay" is 300 ms. */
const attemptDelayMs = 250;
/** Errors of our own network, which say nothing about the host. */
const noWayCodes = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

type SocketOptions = Pick<TcpSocketConnectOpts, "port" | "noDelay" | "keepAlive" | "keepAliveInitialDelay">;

/**
 * Connects to the first address that answers (RFC 8305, "Happy Eyeballs"). An attempt continues while the next one
 * begins; Node's own version gives up an attempt after 250 ms, which is less than a round trip to some places.
 */
export function dial(addresses: readonly LookupAddress[], options: SocketOptions, withinMs: number): Promise<Socket> {
  return new Dialing(byTurns(addresses), options).first(withinMs);
}

class Dialing {
  readonly #left: LookupAddress[];
  readonly #options: SocketOptions;
  readonly #attempts = new Set<Socket>();
  readonly #failures: Error[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(addresses: readonly LookupAddress[], options: SocketOptions) {
    this.#left = [...addresses];
    this.#options = options;
  }

  async first(withinMs: number): Promise<Socket> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const late = () => reject(new TimedOutError(`no connection within ${inWords(withinMs)}`));
        timer = setTimeout(late, withinMs);
        this.#next(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#timer);
      for (const attempt of this.#attempts) attempt.destroy();
    }
  }

  #next(resolve: (socket: Socket) => void, reject: (error: Error) => void): void {
    clearTimeout(this.#timer);
    const address = this.#left.shift();
    if (!address) {
      if (this.#attempts.size === 0) reject(this.#reason());
      return;
    }
    const socket = connect({ ...this.#options, host: address.address, family: address.family });
    this.#attempts.add(socket);
    const onError = (error: Error) => {
      this.#attempts.delete(socket);
      this.#failures.push(error);
      this.#next(resolve, reject);
    };
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      this.#attempts.delete(socket);
      resolve(socket);
    });
    if (this.#left.length > 0) this.#timer = setTimeout(() => this.#next(resolve, reject), attemptDelayMs);
  }

  /** A refusal by a host says more than a missing network. */
  #reason(): Error {
    const telling = this.#failures.find((error) => !("code" in error && noWayCodes.has(String(error.code))));
    return telling ?? this.#failures[0] ?? new Error("its name has no address");
  }
}

/** Alternates the address families, beginning with the one that DNS prefers (RFC 8305, "Sorting Addresses"). */
function byTurns(addresses: readonly LookupAddress[]): LookupAddress[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const turns = Array.from({ length: Math.max(preferred.length, others.length) }, (_, index) => [
    ...preferred.slice(index, index + 1),
    ...others.slice(index, index + 1),
  ]);
  return turns.flat();
}
