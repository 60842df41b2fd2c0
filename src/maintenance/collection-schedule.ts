import type { Logger } from "../observability/logger.js";
import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";
import { collectBeside } from "./collect.js";
import { CollectionError } from "./collection-lock.js";
import type { Collection, CollectionReport } from "./collection-report.js";
import { type DailyWindow, isInWindow } from "./daily-window.js";
import type { CollectionTimes } from "./unneeded-content.js";
import { WorkShare } from "./work-share.js";

export interface ScheduleSettings {
  /** Milliseconds from one collection to the next; `undefined`: none. */
  readonly every: number | undefined;
  readonly times: CollectionTimes;
  /** When one may begin. */
  readonly window: DailyWindow | undefined;
  /** The part of the time in which it works. */
  readonly share: number;
}

/** Notified of each collection. */
export interface CollectionObserver {
  /** @param collection `undefined` if it failed */
  collected(collection: Collection | undefined): void | Promise<void>;
}

/** How often the log says how far a long collection is. */
const toldEachMs = 60_000;
const mostMsToLook = 60_000;
/** A registry that was never collected waits at most this long after a start. */
const firstAfterMs = 60 * 60_000;

/**
 * Collects garbage from time to time while Berth serves. When the last collection was is in the storage, so restarts and
 * several processes change nothing. If something waits only for its grace, another collection follows as soon as that
 * is over.
 */
export class CollectionSchedule {
  readonly #storage: Storage;
  readonly #settings: ScheduleSettings;
  readonly #log: Logger;
  readonly #observers: readonly CollectionObserver[];
  readonly #stop = new AbortController();
  readonly #startMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #followUpMs: number | undefined;

  constructor(
    storage: Storage,
    settings: ScheduleSettings,
    log: Logger,
    observers: readonly CollectionObserver[] = [],
  ) {
    this.#storage = storage;
    this.#settings = settings;
    this.#log = log;
    this.#observers = observers;
  }

  start(): void {
    const { every } = this.#settings;
    if (every === undefined) return;
    this.#timer = setInterval(() => this.#look(every), Math.min(every / 2, mostMsToLook)).unref();
  }

  /** Resolves when nothing of it runs any more. A collection that is interrupted has done only whole steps. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the collection was stopped"));
    await this.#running;
  }

  #look(every: number): void {
    if (this.#running !== undefined) return;
    this.#running = this.#collectIfDue(every).finally(() => {
      this.#running = undefined;
    });
  }

  async #collectIfDue(every: number): Promise<void> {
    try {
      if (!isInWindow(this.#settings.window) || !(await this.#isDue(every))) return;
      this.#followUpMs = undefined;
      const collection = await this.#collect();
      this.#followUpMs = collection.nextMs;
      this.#tell(collection);
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      // Another process is collecting, and tells its own observers.
      if (cause instanceof CollectionError && cause.cause instanceof LockError) return;
      if (cause instanceof CollectionError) this.#log.warn(`garbage was not collected: ${cause.message}`);
      else this.#log.error("garbage could not be collected", { cause });
      this.#tell(undefined);
    }
  }

  #tell(collection: Collection | undefined): void {
    for (const observer of this.#observers) void observer.collected(collection);
  }

  async #isDue(every: number): Promise<boolean> {
    const now = Date.now();
    const lastMs = await this.#storage.collections.lastMs();
    const dueMs = lastMs === undefined ? this.#startMs + Math.min(every, firstAfterMs) : lastMs + every;
    return now >= Math.min(dueMs, this.#followUpMs ?? dueMs);
  }

  async #collect(): Promise<Collection> {
    const startedAt = performance.now();
    const share = new WorkShare(this.#settings.share, this.#stop.signal);
    const collection = await collectBeside(this.#storage.forWalk(this.#log), {
      deleteUntagged: false,
      times: this.#settings.times,
      report: this.#report(),
      pace: () => share.rest(),
    });
    const { bytes, removed, waiting, trashed } = collection;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    this.#log.info("garbage collected", { bytes, removed, waiting, trashed, seconds });
    return collection;
  }

  #report(): CollectionReport {
    const log = this.#log;
    let [read, of, toldAt] = [0, 0, performance.now()];
    return {
      repositories: ({ toRead }) => {
        of = toRead;
      },
      marked: () => {
        read++;
        if (performance.now() - toldAt < toldEachMs) return;
        toldAt = performance.now();
        log.info("garbage is being collected", { repositories: read, of });
      },
      stays: () => {},
      problem: (problem) => log.warn(`garbage collection: ${problem}`),
      found: ({ bytes }) => {
        for (const { digest, size } of bytes) log.debug("unneeded bytes are deleted", { digest, bytes: size });
      },
      goes: (item) => {
        if (item.kind === "blob" || item.kind === "manifest")
          log.debug(`unneeded ${item.kind} moves to the trash`, { repository: item.name, digest: item.digest });
      },
    };
  }
}
