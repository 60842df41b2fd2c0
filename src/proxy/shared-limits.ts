import { randomUUID } from "node:crypto";
import type { Logger } from "../observability/logger.js";
import type { LimitNote } from "../storage/cache/limit-notes.js";
import type { Storage } from "../storage/storage.js";
import type { ImposedLimit, LimitExchange } from "../upstream/limits/limit-exchange.js";

/** How late a limit may be noticed, which bounds the requests to the storage. */
const lookEachMs = 2_000;

/**
 * The limits that upstreams impose on any process that uses the storage. Only what is told while this process runs
 * counts: after a restart, such as with another login, an upstream is asked again.
 */
export class SharedLimits {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #known = new Set<string>();
  readonly #heard = new Map<string, ImposedLimit[]>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void>;

  constructor(storage: Storage, log: Logger) {
    this.#storage = storage;
    this.#log = log;
    this.#looking = this.#look(async (notes) => {
      for (const { id } of notes) this.#known.add(id);
    });
  }

  /** For the client of one upstream. */
  of(upstream: string): LimitExchange {
    return { tell: (limit) => this.#tell(upstream, limit), hear: () => this.#hear(upstream) };
  }

  #tell(upstream: string, { host, kind, forMs }: ImposedLimit): void {
    const note = { id: randomUUID(), upstream, host, kind, writtenMs: Date.now(), forMs };
    this.#known.add(note.id);
    this.#storage.limits.add(note).catch((cause: unknown) => {
      this.#log.debug("a rate limit could not be shared with other processes", { upstream, host, cause });
    });
  }

  async #hear(upstream: string): Promise<readonly ImposedLimit[]> {
    const sinceMs = performance.now() - this.#lookedAt;
    if (sinceMs > lookEachMs) this.#looking = this.#look(async (notes) => this.#sort(notes, sinceMs));
    await this.#looking;
    const heard = this.#heard.get(upstream) ?? [];
    this.#heard.delete(upstream);
    return heard;
  }

  async #look(use: (notes: readonly LimitNote[]) => Promise<void>): Promise<void> {
    this.#lookedAt = performance.now();
    try {
      await use(await this.#storage.limits.read());
    } catch (cause) {
      // Whatever the storage is used for fails, too, and is reported there.
      this.#log.debug("the rate limits of other processes could not be read", { cause });
    }
  }

  /** Clocks may differ: a note that was not there at the last look is no older than that. */
  #sort(notes: readonly LimitNote[], sinceMs: number): void {
    for (const { id, upstream, host, kind, writtenMs, forMs } of notes.filter((note) => !this.#known.has(note.id))) {
      this.#known.add(id);
      const ageMs = Math.min(Math.max(0, Date.now() - writtenMs), sinceMs);
      const limit = { host, kind, forMs: forMs - ageMs };
      this.#log.info("an upstream has limited another process; this one waits, too", { upstream, ...limit });
      this.#heard.set(upstream, [...(this.#heard.get(upstream) ?? []), limit]);
    }
    const current = new Set(notes.map(({ id }) => id));
    for (const id of this.#known) if (!current.has(id)) this.#known.delete(id);
  }
}
