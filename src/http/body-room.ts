import { Pace, type PaceSettings } from "../foundation/pace.js";
import { type Release, type Reservation, Semaphore } from "../foundation/semaphore.js";
import { RegistryError } from "../oci/errors.js";
import type { Caller } from "../registry/context.js";
import { FairLine } from "./connections/fair-line.js";
import type { Exchange } from "./exchange.js";

/** After this time, an unfinished body gives its room to a waiting one. */
const receivedWithinMs = 10_000;
const lookEachMs = 1_000;

/** A client gets an answer before it, or a reverse proxy, gives up. */
const longestWaitMs = 30_000;

/** What has arrived of a waiting body is kept in memory: at most 64 KiB of each. */
const mostWaiting = { ofOneClient: 256, ofAll: 1_024 };

export interface BodyLimits {
  /** Memory for all bodies together, in bytes; a larger body is taken alone. */
  readonly memory: number;
  /** How many bytes may be received: hashing, parsing and storing a body costs many times its arrival. */
  readonly pace: PaceSettings;
}

/** The request with the body. */
export type BodySender = Pick<Exchange, "caller" | "id" | "log" | "path" | "whenOver"> & {
  readonly request: Pick<Exchange["request"], "complete" | "destroy">;
};

/** A body that waits for its room. */
interface WaitingBody {
  readonly caller: Caller;
  readonly weight: number;
  readonly signal: AbortSignal;
  readonly enter: (release: Release) => void;
}

interface Holder {
  readonly sender: BodySender;
  readonly sinceMs: number;
}

/**
 * Limits the cost of bodies that are read completely, such as manifests. A client may send hundreds of the largest size
 * at once: they take turns, from their first bytes until they are stored, and wait unread. Small ones do not wait.
 */
export class BodyRooms {
  readonly #rooms: Semaphore;
  readonly #pace: Pace;
  readonly #line = new FairLine<WaitingBody>();
  #isAdmitting = false;
  readonly #holders = new Set<Holder>();
  #watch: NodeJS.Timeout | undefined;

  constructor({ memory, pace }: BodyLimits) {
    this.#pace = new Pace(pace);
    this.#rooms = new Semaphore(memory, this.#pace);
  }

  /** The room is released when the action ends. It is taken once, for the whole body: holding a part could deadlock. */
  async run<Result>(sender: BodySender, action: (room: Reservation) => Promise<Result>): Promise<Result> {
    let release: Release = () => {};
    const take = async (bytes: number) => {
      release = await this.#take(sender, bytes);
    };
    try {
      return await action({ take });
    } finally {
      release();
    }
  }

  async #take(sender: BodySender, weight: number): Promise<Release> {
    const wait = new AbortController();
    sender.whenOver(() => wait.abort(new RegistryError("SIZE_INVALID", "the client left before its body was read")));
    const timer = setTimeout(() => wait.abort(tooMany()), longestWaitMs).unref();
    try {
      const release = await this.#waitInLine(sender.caller, weight, wait.signal);
      const holder = { sender, sinceMs: performance.now() };
      this.#holders.add(holder);
      return () => {
        this.#holders.delete(holder);
        release();
      };
    } finally {
      clearTimeout(timer);
    }
  }

  #waitInLine(caller: Caller, weight: number, signal: AbortSignal): Promise<Release> {
    if (this.#line.lengthFor(caller) >= mostWaiting.ofOneClient || this.#line.length >= mostWaiting.ofAll) {
      throw tooMany();
    }
    return new Promise((resolve, reject) => {
      const body = { caller, weight, signal, enter: resolve };
      this.#line.add(body);
      const leave = () => {
        this.#line.remove(body);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
      else void this.#admit();
    });
  }

  /** Admits one after another: the next one is chosen only when there is room again. */
  async #admit(): Promise<void> {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    for (let next = this.#line.next(); next !== undefined; next = this.#line.next()) {
      const acquiring = this.#rooms.acquire(next);
      if (this.#rooms.waiting > 0) this.#watch ??= setInterval(() => this.#breakOffSlowest(), lookEachMs).unref();
      // One that leaves meanwhile is told so by its signal.
      const release = await acquiring.catch(() => undefined);
      if (release === undefined) continue;
      if (next.signal.aborted) release();
      else this.#pace.count(next.weight);
      next.enter(release);
    }
    this.#isAdmitting = false;
  }

  /** Cuts off the body that has been received longest, if that is too long while others wait. */
  #breakOffSlowest(): void {
    if (this.#rooms.waiting === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
    const before = performance.now() - receivedWithinMs;
    for (const { sender, sinceMs } of this.#holders) {
      if (sinceMs > before || sender.request.complete) continue;
      const { id, path, log, request } = sender;
      log.info("request cut off: its body arrived too slowly while others waited", { id, path });
      request.destroy(new RegistryError("TOOMANYREQUESTS", "the body arrived too slowly while others waited"));
      return;
    }
  }
}

function tooMany(): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "too many large manifests are being pushed; retry in a moment", {
    headers: { "Retry-After": "10" },
  });
}
