import type { StorageDriver } from "../driver.js";

/** Whatever can list keys: the object store, or the staging area. */
export type Lister = Pick<StorageDriver, "list" | "keysFrom" | "statRecently">;

/** Many callers take only a few names, others take all. */
const firstPage = 250;
const largestPage = 25_000;

/** The names of a list one by one, read in pages as they are taken. */
export class PagedNames {
  readonly #lister: Lister;
  readonly #key: string;
  #after: string | undefined;
  #limit = firstPage;
  #page: readonly string[] = [];
  #index = 0;
  #isLast = false;

  constructor(lister: Lister, key: string, after: string | undefined) {
    this.#lister = lister;
    this.#key = key;
    this.#after = after;
  }

  /** Puts a name before all others. Call it before taking any. */
  putFirst(name: string): void {
    this.#page = [name];
  }

  /** The next name; it stays the next until it is taken. */
  async first(): Promise<string | undefined> {
    if (this.#index < this.#page.length || this.#isLast) return this.#page[this.#index];
    this.#page = await this.#lister.list(this.#key, { after: this.#after, limit: this.#limit });
    this.#index = 0;
    this.#isLast = this.#page.length < this.#limit;
    this.#after = this.#page.at(-1) ?? this.#after;
    this.#limit = Math.min(this.#limit * 10, largestPage);
    return this.#page[0];
  }

  /** The names after it that have been read, at most so many. */
  upcoming(count: number): readonly string[] {
    return this.#page.slice(this.#index, this.#index + count);
  }

  take(): void {
    this.#index++;
  }
}
