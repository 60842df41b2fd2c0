import { setTimeout as delay } from "node:timers/promises";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Page, PageOf } from "../../oci/listing.js";

/** A name takes about 100 bytes. */
const mostNames = 200_000;
const namesARead = 1_000;

/** How long a repository that another program wrote, or that was deleted, may stay unnoticed. */
const trustedForMs = 60_000;

/** If there is an older list, a client waits for a new one as long as this, or longer if there is little to read. */
const waitMs = 40;
const shortReadMs = 200;
const waitForShortReadMs = 2_000;

interface NameIndexParts {
  /** Names of repositories in code point order, whoever may pull them. */
  list(page: Page): Promise<PageOf<string>>;
  /** Whether there is anything to pull: the list also has repositories that were emptied. */
  holdsAnything(name: string): Promise<boolean>;
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
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
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
    const longestMs = this.#tookMs < shortReadMs ? waitForShortReadMs : waitMs;
    return Promise.race([this.#read().catch(() => known), delay(longestMs, known, { ref: false })]);
  }

  /** Those of the names that hold something. */
  async filled(names: readonly string[]): Promise<readonly string[]> {
    const filled: string[] = [];
    for (const name of names) if (await this.#parts.holdsAnything(name)) filled.push(name);
    return filled;
  }

  /** Reads the names in the background, for those who will ask. */
  prepare(): void {
    if (this.#names === undefined) this.#read().catch(() => undefined);
  }

  /** Call it when a repository was deleted. */
  forget(name: string): void {
    this.#names = this.#names?.filter((each) => each !== name);
  }

  async #isCurrent(): Promise<boolean> {
    if (performance.now() > this.#trustedUntil) return false;
    return this.#generation !== undefined && (await this.#parts.generation()) === this.#generation;
  }

  #read(): Promise<readonly string[]> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<readonly string[]> {
    const now = performance.now();
    // Read first: a repository that is created meanwhile makes the next call read again.
    const generation = await this.#parts.generation();
    const names: string[] = [];
    const breaks = new EventLoopBreaks();
    let last: string | undefined;
    for (let more = true; more && names.length < mostNames; ) {
      const page = await this.#parts.list({ limit: namesARead, ...(last !== undefined && { last }) });
      for (const name of page.items) {
        await breaks.take();
        if (await this.#parts.holdsAnything(name)) names.push(name);
      }
      last = page.items.at(-1);
      more = page.more && last !== undefined;
    }
    this.#names = names;
    this.#tookMs = performance.now() - now;
    this.#generation = generation;
    this.#trustedUntil = now + trustedForMs;
    return names;
  }
}
