import { setTimeout as delay } from "node:timers/promises";
import { WorkShare } from "../../maintenance/work-share.js";
import type { Page, PageOf } from "../../oci/listing.js";
import type { KeptNames } from "../../storage/kept-names.js";

/** A name takes about 100 bytes. */
const mostNames = 200_000;
const namesARead = 250;

/**
 * How long a repository that another program wrote, or that was deleted, may stay unnoticed: at least this long, and
 * this many times as long as reading all names takes.
 */
const trustedForMs = 60_000;
const timesLonger = 20;

/** If there is an older list, a client waits for a new one only if there is little to read. */
const shortReadMs = 200;
const waitForShortReadMs = 2_000;
/** A long read begins when those who asked have been answered, and takes this part of the time. */
const longReadAfterMs = 250;
const share = 0.3;

interface NameIndexParts {
  /** Names of all repositories in code point order, without regard to rights. */
  list(page: Page): Promise<PageOf<string>>;
  /** Whether there is anything to pull: the list also has repositories that were emptied. */
  holdsAnything(name: string): Promise<boolean>;
  /** Differs after a repository was created, by any process; `undefined` if that cannot be told yet. */
  generation(): Promise<string | undefined>;
  readonly kept: KeptNames;
  /** Ends a read in the background. */
  readonly closed: AbortSignal;
  /** What the configuration makes of stored names: those kept for another one are not used. */
  readonly source: string;
}

/**
 * The names of all repositories in memory, so that a search reads nothing. They are read again after a repository was
 * created; meanwhile the older list is served. A list that took long to read is kept for the next process.
 */
export class NameIndex {
  readonly #parts: NameIndexParts;
  #names: readonly string[] | undefined;
  #generation: string | undefined;
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #restoring: Promise<void> | undefined;
  #reading: Promise<readonly string[]> | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** What clients wait for. */
  readonly #urgent = new Set<Promise<unknown>>();

  constructor(parts: NameIndexParts) {
    this.#parts = parts;
  }

  /**
   * How many names there are, as last read; `undefined` before the first time. Waits for no list: one that changed and
   * is short is read again for the next call.
   */
  async count(): Promise<number | undefined> {
    const known = this.#names;
    if (known !== undefined && this.#tookMs < shortReadMs && !(await this.#isCurrent()))
      this.#read().catch(() => undefined);
    return known?.length;
  }

  /** All names as last read, by this process or one before it; `undefined` if none has read them yet. */
  async known(): Promise<readonly string[] | undefined> {
    this.#restoring ??= this.#restore().catch(() => undefined);
    await this.#restoring;
    return this.#names;
  }

  /** All names in code point order. */
  async all(): Promise<readonly string[]> {
    const known = await this.known();
    if (known === undefined) return this.#read();
    if (await this.#isCurrent()) return known;
    if (this.#tookMs < shortReadMs)
      return Promise.race([this.#read().catch(() => known), delay(waitForShortReadMs, known, { ref: false })]);
    this.#readSoon();
    return known;
  }

  /** Those of the names that hold something. */
  async filled(names: readonly string[]): Promise<readonly string[]> {
    const filled: string[] = [];
    for (const name of names) if (await this.#parts.holdsAnything(name)) filled.push(name);
    return filled;
  }

  /** Reads the names in the background, for those who will ask, unless they are known. */
  async prepare(): Promise<void> {
    if ((await this.known()) === undefined) await this.#read().catch(() => undefined);
  }

  /** Does what a client waits for; names are not read meanwhile. The work must not wait for names. */
  async first<Result>(work: () => Promise<Result>): Promise<Result> {
    const working = work();
    this.#urgent.add(working);
    try {
      return await working;
    } finally {
      this.#urgent.delete(working);
    }
  }

  /** Call it when a repository was deleted. */
  forget(name: string): void {
    this.#names = this.#names?.filter((each) => each !== name);
  }

  async #isCurrent(): Promise<boolean> {
    if (performance.now() > this.#trustedUntil) return false;
    return this.#generation !== undefined && (await this.#parts.generation()) === this.#generation;
  }

  /** What an earlier process kept is shown at once, and read again when someone asks for all. */
  async #restore(): Promise<void> {
    const kept = await this.#parts.kept.read(this.#parts.source);
    if (kept === undefined || this.#names !== undefined) return;
    this.#names = kept.names;
    // Only a long read was kept.
    this.#tookMs = shortReadMs;
  }

  #readSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#read().catch(() => undefined);
    }, longReadAfterMs).unref();
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
    // Nobody waits for a new list where an older one is long.
    const work = new WorkShare(this.#tookMs < shortReadMs ? 1 : share, this.#parts.closed);
    let last: string | undefined;
    for (let more = true; more && names.length < mostNames; ) {
      await Promise.allSettled(this.#urgent);
      const page = await this.#parts.list({ limit: namesARead, ...(last !== undefined && { last }) });
      for (const name of page.items) {
        await work.rest();
        await Promise.allSettled(this.#urgent);
        if (await this.#parts.holdsAnything(name)) names.push(name);
      }
      last = page.items.at(-1);
      more = page.more && last !== undefined;
    }
    this.#names = names;
    this.#tookMs = performance.now() - now;
    this.#generation = generation;
    this.#trustedUntil = now + Math.max(trustedForMs, this.#tookMs * timesLonger);
    if (this.#tookMs > shortReadMs) this.#keep(names);
    return names;
  }

  /** On a full disk, the next process reads the names itself. */
  #keep(names: readonly string[]): void {
    const { kept, source } = this.#parts;
    kept.write({ source, names }).catch(() => undefined);
  }
}
