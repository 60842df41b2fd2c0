import type { Logger } from "../observability/logger.js";
import type { Context } from "../registry/context.js";
import { causeOf, type EventCause, type EventSource, type EventTarget, envelope, eventOf } from "./event.js";
import { type EventFilter, wants } from "./event-journal.js";
import { type EventPost, RefusedEventError } from "./event-post.js";
import type { SenderObserver } from "./event-sender.js";

/** A receiver of pulls. */
export interface PullReceiver extends EventFilter {
  readonly post: EventPost;
}

interface PullEventParts {
  readonly receivers: readonly PullReceiver[];
  readonly source: EventSource;
  readonly observer: SenderObserver | undefined;
  readonly log: Logger;
}

const collectMs = 1_000;
const batch = 100;
/** Pulls that wait in memory for one receiver while it is slow. */
const mostWaiting = 10_000;

/** Sends pulls in batches from memory: each at most once, since a pull must not wait for the disk. */
export class PullEvents {
  readonly #batches: readonly Batches[];

  constructor({ receivers, ...parts }: PullEventParts) {
    this.#batches = receivers.map((receiver) => new Batches(receiver, parts));
  }

  /** A pull that was answered. */
  add(target: EventTarget, context: Context): void {
    for (const batches of this.#batches) batches.add(target, context);
  }

  /** Sends what waits, but for receivers that do not answer now. */
  async close(): Promise<void> {
    await Promise.all(this.#batches.map((batches) => batches.close()));
  }
}

/** An event is made of it when it is sent: thousands of whole events in memory would cost as much as the pulls. */
interface Pull {
  readonly target: EventTarget;
  readonly cause: EventCause;
}

class Batches {
  readonly #receiver: PullReceiver;
  readonly #parts: Omit<PullEventParts, "receivers">;
  readonly #waiting: Pull[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #dropped = 0;
  #isClosed = false;

  constructor(receiver: PullReceiver, parts: Omit<PullEventParts, "receivers">) {
    this.#receiver = receiver;
    this.#parts = parts;
  }

  add(target: EventTarget, context: Context): void {
    if (!wants(this.#receiver, "pull", target) || this.#isClosed) return;
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ target, cause: causeOf(context) });
    this.#timer ??= setTimeout(() => this.#send(), collectMs).unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#send();
    await this.#running;
    this.#receiver.post.close();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#running ??= this.#sendAll().finally(() => {
      this.#timer = undefined;
      this.#running = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pulls = this.#waiting.splice(0, batch);
      if (await this.#deliver(pulls)) this.#parts.observer?.sent(this.#receiver.name, 200);
      else this.#dropped += pulls.length;
    }
    this.#tellDropped();
  }

  async #deliver(pulls: readonly Pull[]): Promise<boolean> {
    const { post, name } = this.#receiver;
    const { source } = this.#parts;
    const events = pulls.map(({ target, cause }) => eventOf("pull", target, cause, source));
    try {
      await post.send(envelope(...events), new AbortController().signal);
      return true;
    } catch (cause) {
      this.#parts.observer?.failed(name, cause instanceof RefusedEventError ? cause.status : undefined);
      this.#parts.log.debug("pulls were not received", { receiver: name, events: events.length, cause });
      return false;
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const { name } = this.#receiver;
    this.#parts.log.warn("pulls were not told: their receiver was away or too slow", {
      receiver: name,
      events: this.#dropped,
    });
    this.#parts.observer?.dropped(name, this.#dropped);
    this.#dropped = 0;
  }
}
