import { setTimeout as delay } from "node:timers/promises";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Page, PageOf } from "../../oci/listing.js";

/** A name takes about 100 bytes. */
const mostNames = 200_000;
const namesARead = 1_000;

/** How long a repository that another program wrote, or that was deleted, may stay unnoticed. */
const trustedForMs = 60_000;

/** A client waits no longer for a new list if there is an older one. */
const waitMs = 40;

interface NameIndexParts {
  /** Names of repositories in code point order, whoever may pull them. */
  list(page: Page): Promise<PageOf<string>>;
  /** Differs after a repository was created, by any process; `undefined` if that cannot be told yet. */
  generation(): Promise<string | undefined>;
}

/**
 * The names of all repositories in memory, so that a search reads nothing. They are read again after a repository was
 * created; meanwhile the older list is served.
 */
export class NameIndex {
  readonly #parts: NameIndexParts;
  #names: readonly string[] | undefined;
  #generation: string | undefined;
  #readAtMs = 0;
  #reading: Promise<readonly string[]> | undefined;

  constructor(parts: NameIndexParts) {
    this.#parts = parts;
  }

  /** All names as last read; `undefined` before the first time. Never waits. */
  get known(): readonly string[] | undefined {
    return this.#names;
  }

  /** All names in code point order. */
  async all(): Promise<readonly string[]> {
    const known = this.#names;
    if (known === undefined) return this.#read();
    if (await this.#isCurrent()) return known;
    return Promise.race([this.#read().catch(() => known), delay(waitMs, known, { ref: false })]);
  }

  /** Reads the names in the background, for those who will ask. */
  prepare(): void {
    if (this.#names === undefined) this.#read().catch(() => undefined);
  }

  /** Call it when a repository was deleted. */
  forget(): void {
    this.#readAtMs = 0;
  }

  async #isCurrent(): Promise<boolean> {
    if (performance.now() - this.#readAtMs > trustedForMs) return false;
    return this.#generation !== undefined && (await this.#parts.generation()) === this.#generation;
  }

  #read(): Promise<readonly string[]> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<readonly string[]> {
    const readAtMs = performance.now();
    // Read first: a repository that is created meanwhile makes the next call read again.
    const generation = await this.#parts.generation();
    const names: string[] = [];
    const breaks = new EventLoopBreaks();
    for (let last: string | undefined, more = true; more && names.length < mostNames; last = names.at(-1)) {
      const page = await this.#parts.list({ limit: namesARead, ...(last !== undefined && { last }) });
      for (const name of page.items) names.push(name);
      more = page.more && page.items.length > 0;
      await breaks.take();
    }
    this.#names = names;
    this.#generation = generation;
    this.#readAtMs = readAtMs;
    return names;
  }
}
