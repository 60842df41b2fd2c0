import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.js";
import { LockError } from "../oci/storage-error.js";
import { diskBytesOf, type EventQueue } from "../storage/event-queue.js";
import type { Storage } from "../storage/storage.js";
import { type EventSource, envelope, noticeOf } from "./event.js";
import { type EventPost, RefusedEventError } from "./event-post.js";

/** Told how sending goes. */
export interface SenderObserver {
  sent(receiver: string, status: number): void;
  failed(receiver: string, status: number | undefined): void;
  dropped(receiver: string, events: number): void;
  /** How many wait, as far as they were counted. */
  waiting(receiver: string, events: number): void;
}

export interface SenderSettings {
  readonly name: string;
  /** Failures in a row after which it waits longer and longer. */
  readonly threshold: number;
  /** Milliseconds. */
  readonly backoff: number;
  /** Bytes of the disk. */
  readonly maxSize: number;
}

interface SenderParts {
  readonly storage: Storage;
  readonly post: EventPost;
  readonly source: EventSource;
  readonly observer: SenderObserver | undefined;
  readonly log: Logger;
  /** Waits some milliseconds, or until it is to stop: a test need not wait for an hour. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const idleMs = 300;
const batch = 100;
const quickRetryMs = 100;
const longestPauseMs = 60_000;
/** What waits is counted from time to time: it is a list of all. */
const countEachMs = 15_000;
/** Beyond the bound, room is made for some time. */
const keptShare = 0.9;

/**
 * Sends what waits for one receiver, oldest first, each until the receiver has it. Of all processes and machines on the
 * storage one at a time does so.
 */
export class EventSender {
  readonly #settings: SenderSettings;
  readonly #parts: SenderParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failures = 0;
  #nextCountMs = 0;

  constructor(settings: SenderSettings, parts: SenderParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** What is not sent yet waits for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#parts.post.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { storage, log } = this.#parts;
    while (!signal.aborted) {
      try {
        await storage.withLock(`events ${this.#settings.name}`, (lost) => this.#send(AbortSignal.any([signal, lost])));
      } catch (cause) {
        // Another process sends, and this one only waits for its end.
        if (!(cause instanceof LockError)) log.error("events cannot be read", { receiver: this.#settings.name, cause });
        await this.#pause(idleMs, signal);
      }
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { name } = this.#settings;
    while (!signal.aborted) {
      if (performance.now() >= this.#nextCountMs) await this.#keepBound();
      const names = await this.#queue.oldest(name, batch);
      if (names.length === 0) await this.#pause(idleMs, signal);
      for (const event of names) if (!(await this.#sendOne(event, signal))) break;
    }
  }

  /** @returns whether the next one may follow */
  async #sendOne(event: string, signal: AbortSignal): Promise<boolean> {
    const { name } = this.#settings;
    if (signal.aborted) return false;
    const body = await this.#queue.read(name, event);
    try {
      if (body !== undefined) await this.#deliver(body, signal);
    } catch (cause) {
      if (!signal.aborted) await this.#noteFailure(cause, signal);
      return false;
    }
    await this.#queue.remove(name, [event]);
    if (this.#failures >= this.#settings.threshold)
      this.#parts.log.info("events are received again", { receiver: name });
    this.#failures = 0;
    return true;
  }

  async #deliver(body: Buffer, signal: AbortSignal): Promise<void> {
    const status = await this.#parts.post.send(body, signal);
    this.#parts.observer?.sent(this.#settings.name, status);
  }

  async #noteFailure(cause: unknown, signal: AbortSignal): Promise<void> {
    const { name, threshold, backoff } = this.#settings;
    this.#failures++;
    this.#parts.observer?.failed(name, cause instanceof RefusedEventError ? cause.status : undefined);
    if (this.#failures === threshold)
      this.#parts.log.warn("a receiver takes no events; they wait and are sent later", { receiver: name, cause });
    if (this.#failures < threshold) return this.#pause(quickRetryMs, signal);
    const doubled = backoff * 2 ** Math.min(this.#failures - threshold, 20);
    return this.#pause(Math.max(backoff, Math.min(doubled, longestPauseMs)), signal);
  }

  /** Counts what waits, and drops the oldest of too many: the receiver is told how many. */
  async #keepBound(): Promise<void> {
    const { name, maxSize } = this.#settings;
    const { observer, source, log } = this.#parts;
    this.#nextCountMs = performance.now() + countEachMs;
    const names = await this.#queue.oldest(name);
    let bytes = names.reduce((sum, event) => sum + diskBytesOf(event), 0);
    observer?.waiting(name, names.length);
    if (bytes <= maxSize) return;
    const dropped = names.slice(0, -1).filter((event) => {
      const isTooMuch = bytes > maxSize * keptShare;
      if (isTooMuch) bytes -= diskBytesOf(event);
      return isTooMuch;
    });
    await this.#queue.replace(name, dropped, envelope(noticeOf("dropped", { count: dropped.length }, source)));
    observer?.dropped(name, dropped.length);
    log.error("events were dropped: too many wait for their receiver", { receiver: name, dropped: dropped.length });
  }

  /** Ends early when it is to stop. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { pause = pauseReally } = this.#parts;
    return pause(ms, signal).catch(() => {});
  }

  get #queue(): EventQueue {
    return this.#parts.storage.events;
  }
}

function pauseReally(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal, ref: false });
}
