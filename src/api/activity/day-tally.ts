import { randomUUID } from "node:crypto";
import type { RequestObserver } from "../../http/dispatcher.js";
import type { Exchange } from "../../http/exchange.js";
import type { Logger } from "../../observability/logger.js";
import type { DayCountStore, DayCounts } from "../../storage/day-count-store.js";

/** How old the numbers of other processes may be. */
const writtenEachMs = 15_000;
const othersForMs = 5_000;
const keptDays = 7;
const dayMs = 24 * 60 * 60_000;

/** What is counted since midnight UTC. */
export interface Today {
  /** Manifests that were pulled, and pushed. */
  pulls: number;
  pushes: number;
  /** Bytes of content sent to clients, received from upstreams, and sent without being received for it. */
  served: number;
  downloaded: number;
  saved: number;
  /** Pulls that did not count against the quota of an upstream. */
  savedPulls: number;
}

/** What a process has counted today. */
export interface CountedToday {
  /** Identifies the process. */
  readonly process: string;
  /** Such as `2026-01-31`. */
  readonly date: string;
  readonly counts: Today;
}

/** Counts what was served and saved today, also by other processes and before a restart: each writes its numbers. */
export class DayTally implements RequestObserver {
  readonly #store: DayCountStore;
  readonly #log: Logger;
  readonly #process = randomUUID();
  readonly #timer: NodeJS.Timeout;
  /** Days since 1970. */
  #day = Math.floor(Date.now() / dayMs);
  #date = dateOf(Date.now());
  #counts = noCounts();
  #hasChanged = false;
  #written:
    | { readonly date: string; readonly readAtMs: number; readonly counts: ReadonlyMap<string, DayCounts> }
    | undefined;

  constructor(store: DayCountStore, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(() => void this.#write(), writtenEachMs).unref();
  }

  ended(exchange: Exchange): void {
    const { resource, served, request } = exchange;
    if (resource !== "manifest" && resource !== "blob") return;
    const counts = this.#today();
    const status = exchange.response.statusCode;
    if (resource === "manifest" && request.method === "PUT" && status === 201) counts.pushes++;
    if (served === undefined || status >= 400) return;
    const isPull = resource === "manifest" && request.method === "GET" && status === 200;
    if (isPull) counts.pulls++;
    counts.served += exchange.sent;
    if (served.from === "storage") return;
    if (served.from === "miss") {
      // Blobs are counted when their download ends.
      if (resource === "manifest") counts.downloaded += exchange.sent;
      return;
    }
    counts.saved += exchange.sent;
    if (isPull && served.savesPull === true) counts.savedPulls++;
  }

  noteDownloaded(bytes: number): void {
    this.#today().downloaded += bytes;
  }

  /** What this process has counted. */
  own(): CountedToday {
    const counts = { ...this.#today() };
    return { process: this.#process, date: this.#date, counts };
  }

  /**
   * All processes together, since when.
   * @param running what those that run say; of all others, what they have written counts
   */
  async read(running: readonly CountedToday[]): Promise<Today & { readonly since: string }> {
    const { date } = this.own();
    const current = running.filter((each) => each.date === date);
    const told = new Set(current.map(({ process }) => process));
    const written = [...(await this.#readWritten(date))].filter(([process]) => !told.has(process));
    const sum = noCounts();
    for (const counts of [...current.map((each) => each.counts), ...written.map(([, counts]) => counts)])
      for (const key of keys) sum[key] += Math.max(0, counts[key] ?? 0);
    return { since: `${date}T00:00:00.000Z`, ...sum };
  }

  /** Writes what was counted. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  /** The counts to change. */
  #today(): Today {
    const day = Math.floor(Date.now() / dayMs);
    if (day !== this.#day) {
      void this.#write();
      this.#day = day;
      this.#date = dateOf(Date.now());
      this.#counts = noCounts();
      const oldest = dateOf(Date.now() - keptDays * dayMs);
      this.#store.forgetBefore(oldest).catch((cause: unknown) => this.#tellFailure(cause));
    }
    this.#hasChanged = true;
    return this.#counts;
  }

  async #readWritten(date: string): Promise<ReadonlyMap<string, DayCounts>> {
    const known = this.#written;
    if (known?.date === date && performance.now() - known.readAtMs < othersForMs) return known.counts;
    const counts = await this.#store.read(date);
    this.#written = { date, readAtMs: performance.now(), counts };
    return counts;
  }

  /** On a full disk, they are written later. */
  async #write(): Promise<void> {
    if (!this.#hasChanged || keys.every((key) => this.#counts[key] === 0)) return;
    this.#hasChanged = false;
    try {
      await this.#store.write(this.#date, this.#process, { ...this.#counts });
    } catch (cause) {
      this.#hasChanged = true;
      this.#tellFailure(cause);
    }
  }

  #tellFailure(cause: unknown): void {
    this.#log.debug("what was served today could not be written", { cause });
  }
}

function noCounts(): Today {
  return { pulls: 0, pushes: 0, served: 0, downloaded: 0, saved: 0, savedPulls: 0 };
}

// The object has exactly these keys.
const keys = Object.keys(noCounts()) as (keyof Today)[];

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, "2026-01-31".length);
}
