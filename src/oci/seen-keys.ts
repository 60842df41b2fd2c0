/** A key of a JSON object. What is compared of it are numbers: most documents repeat few keys very often. */
export interface Key {
  readonly text: string;
  /** The same for keys that Go reads as the same. */
  readonly exact: number;
  /** The same for keys that Go takes for the same field of a struct. */
  readonly folded: number;
  readonly foldedText: string;
}

/** So many keys are compared one by one faster than they are looked up. */
const fewKeys = 12;

/** The keys of one object of a document, as far as it was read. */
export class SeenKeys {
  readonly #few: Key[] = [];
  #many: { readonly exact: Set<number>; readonly folded: Set<number> } | undefined;

  hasExact(key: Key): boolean {
    if (this.#many !== undefined) return this.#many.exact.has(key.exact);
    for (const { exact } of this.#few) if (exact === key.exact) return true;
    return false;
  }

  hasFolded(key: Key): boolean {
    if (this.#many !== undefined) return this.#many.folded.has(key.folded);
    for (const { folded } of this.#few) if (folded === key.folded) return true;
    return false;
  }

  add(key: Key): void {
    if (this.#many === undefined && this.#few.length < fewKeys) {
      this.#few.push(key);
      return;
    }
    this.#many ??= {
      exact: new Set(this.#few.map(({ exact }) => exact)),
      folded: new Set(this.#few.map(({ folded }) => folded)),
    };
    this.#many.exact.add(key.exact);
    this.#many.folded.add(key.folded);
  }
}
