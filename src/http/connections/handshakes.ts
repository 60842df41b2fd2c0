import type { Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { nextTurn } from "../../foundation/event-loop-breaks.js";
import { Pace } from "../../foundation/pace.js";
import type { Caller } from "../../registry/context.js";
import { peerOf } from "../client-address.js";
import { isHelloComplete } from "./client-hello.js";
import { FairLine } from "./fair-line.js";

/** Handshakes that have begun and not ended: the next message of each costs time, and all may send it at once. */
const mostAtOnce = 32;

/**
 * Milliseconds in which all handshakes together may compute. A request over an open connection waits for several turns
 * of the event loop, a push for twenty: if each held a handshake, a flood of them would make it twenty times as slow.
 */
const computing = { perSecond: 500, atOnce: 10 };

/** A handshake that takes longer gives its place to one that waits. */
const unfinishedMs = 2_000;

/** A connection whose client has sent its first message. */
interface Handshake {
  readonly socket: Socket;
  readonly caller: Caller;
}

/**
 * Lets TLS handshakes take turns. Each costs a millisecond or two of computing, and a client that opens thousands of
 * connections must not delay those that are being served: a handshake begins when the client's first message is
 * complete, when few others are unfinished, and when the event loop has handled what others have sent; and half of the
 * time remains for those.
 */
export class Handshakes {
  /** Node's own listener: TLS reads from a socket from then on. */
  readonly #begin: (socket: Socket) => void;
  readonly #helloTimeoutMs: number;
  readonly #waiting = new FairLine<Handshake>();
  /** When each began, the oldest first. */
  readonly #unfinished = new Map<Socket, number>();
  readonly #pace = new Pace(computing);
  #isRunning = false;
  #later: NodeJS.Timeout | undefined;

  /** @param helloTimeoutMs time for the first message; Node's `handshakeTimeout` begins after it */
  constructor(server: Server, helloTimeoutMs: number) {
    const [begin] = server.listeners("connection");
    server.removeAllListeners("connection");
    this.#begin = (socket) => begin?.call(server, socket);
    this.#helloTimeoutMs = helloTimeoutMs;
  }

  /** Begins the handshake of an accepted connection when it is its turn. */
  arrived(socket: Socket): void {
    if (socket.destroyed) return;
    const handshake = { socket, caller: peerOf(socket) };
    const timer = setTimeout(() => socket.destroy(), this.#helloTimeoutMs).unref();
    socket.once("close", () => {
      clearTimeout(timer);
      this.#waiting.remove(handshake);
      this.finished(socket);
    });
    whenHelloIsHere(socket, () => {
      clearTimeout(timer);
      this.#waiting.add(handshake);
      void this.#run();
    });
  }

  /** The handshake has ended, well or not. */
  finished(socket: Socket | undefined): void {
    if (socket !== undefined && this.#unfinished.delete(socket)) void this.#run();
  }

  /** Begins one handshake in each of its turns. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#waiting.isEmpty && this.#hasRoom()) {
      for (let ms = this.#pace.delayMs(); ms > 0; ms = this.#pace.delayMs()) await delay(ms);
      await nextTurn();
      const next = this.#waiting.next();
      if (next === undefined || next.socket.destroyed) continue;
      this.#unfinished.set(next.socket, performance.now());
      await this.#compute(next.socket);
    }
    this.#isRunning = false;
  }

  /** Node computes the server's answer in the tick after it has been given the socket. */
  async #compute(socket: Socket): Promise<void> {
    const start = performance.now();
    this.#begin(socket);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    this.#pace.count(performance.now() - start);
  }

  #hasRoom(): boolean {
    const [oldest] = this.#unfinished;
    if (oldest === undefined || this.#unfinished.size < mostAtOnce) return true;
    const [socket, sinceMs] = oldest;
    const leftMs = sinceMs + unfinishedMs - performance.now();
    if (leftMs > 0) this.#lookAgainIn(leftMs);
    else socket.destroy();
    return leftMs <= 0;
  }

  #lookAgainIn(ms: number): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      void this.#run();
    }, ms).unref();
  }
}

/** Reads ahead, and gives everything back to the socket before the call. */
function whenHelloIsHere(socket: Socket, call: () => void): void {
  let received: Buffer = Buffer.alloc(0);
  const end = () => socket.destroy();
  const read = () => {
    for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
      received = Buffer.concat([received, piece]);
    }
    if (!isHelloComplete(received)) return;
    socket.off("readable", read).off("end", end);
    socket.unshift(received);
    call();
  };
  // An error is followed by `close`; no one else listens yet.
  socket
    .on("readable", read)
    .on("end", end)
    .on("error", () => {});
}
