import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { EventSource } from "./event.js";
import type { EventFilter } from "./event-journal.js";
import { type EventPost, RefusedEventError } from "./event-post.js";
import type { SenderObserver } from "./event-sender.js";
import { type Pull, PullWriter } from "./pull-writer.js";

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
/** A POST costs as much time as 80 events in it; more events at once would keep others waiting. */
const mostAtOnce = 200;
/** Pulls that wait in memory for one receiver: some 5 MB. */
const mostWaiting = 20_000;
/**
 * While clients keep the process busy, batches are this far apart, so that events take little of its time. Pulls that
 * come faster for long are dropped.
 */
const busyPauseMs = 250;
const busyFrom = 0.8;

/** Sends pulls in batches from memory: each at most once, since a pull must wait neither for the disk nor for events. */
export class PullEvents {
  readonly #batches: readonly Batches[];

  constructor({ receivers, ...parts }: PullEventParts) {
    const wanting = receivers.filter(({ ignoreActions }) => !ignoreActions.includes("pull"));
    this.#batches = wanting.map((receiver) => new Batches(receiver, parts));
  }

  /** A pull that was answered. Only notes it. */
  add(repository: RepositoryName, tag: string | undefined, content: Pull["content"], context: Context): void {
    let pull: Pull | undefined;
    for (const batches of this.#batches) {
      if (!batches.take(content.mediaType)) continue;
      pull ??= {
        atMs: Date.now(),
        content,
        repository,
        tag,
        requestId: context.id,
        address: context.caller.address,
        client: context.client,
        user: context.ownTask ?? context.access?.identity.user,
      };
      batches.add(pull);
    }
  }

  /** Sends what waits, but for receivers that do not answer now. */
  async close(): Promise<void> {
    await Promise.all(this.#batches.map((batches) => batches.close()));
  }
}

class Batches {
  readonly #receiver: PullReceiver;
  readonly #parts: Omit<PullEventParts, "receivers">;
  readonly #writer: PullWriter;
  readonly #waiting: Pull[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #dropped = 0;
  #isClosed = false;

  constructor(receiver: PullReceiver, parts: Omit<PullEventParts, "receivers">) {
    this.#receiver = receiver;
    this.#parts = parts;
    this.#writer = new PullWriter(parts.source);
  }

  /** Whether a pull of such content is wanted and has room; one without is counted as dropped. */
  take(mediaType: string): boolean {
    if (this.#isClosed || this.#receiver.ignoreMediaTypes.includes(mediaType)) return false;
    if (this.#waiting.length < mostWaiting) return true;
    this.#dropped++;
    return false;
  }

  add(pull: Pull): void {
    this.#waiting.push(pull);
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
    let before = performance.eventLoopUtilization();
    while (this.#waiting.length > 0) {
      const { body, count } = this.#writer.envelope(this.#waiting.slice(0, mostAtOnce));
      this.#waiting.splice(0, count);
      if (await this.#deliver(body, count)) this.#parts.observer?.sent(this.#receiver.name, 200);
      else this.#dropped += count;
      const now = performance.eventLoopUtilization();
      const isBusy = performance.eventLoopUtilization(now, before).utilization > busyFrom;
      before = now;
      if (isBusy && !this.#isClosed) await delay(busyPauseMs, undefined, { ref: false });
    }
    this.#tellDropped();
  }

  async #deliver(body: Buffer, events: number): Promise<boolean> {
    const { post, name } = this.#receiver;
    try {
      await post.send(body, new AbortController().signal);
      return true;
    } catch (cause) {
      this.#parts.observer?.failed(name, cause instanceof RefusedEventError ? cause.status : undefined);
      this.#parts.log.debug("pulls were not received", { receiver: name, events, cause });
      return false;
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const { name } = this.#receiver;
    this.#parts.log.warn("pull events dropped: the receiver was away or too slow, or there were too many", {
      receiver: name,
      events: this.#dropped,
    });
    this.#parts.observer?.dropped(name, this.#dropped);
    this.#dropped = 0;
  }
}
