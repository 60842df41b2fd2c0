/** A key of a JSON object, compared by numbers: most documents repeat a few keys many times. */
export interface Key {
  readonly text: string;
  /** Equal for keys that Go reads as equal. */
  readonly exact: number;
  /** Equal for keys that Go matches to the same struct field. */
  readonly folded: number;
  readonly foldedText: string;
}

/** Up to this number, comparing keys one by one is faster than a lookup. */
const fewKeys = 12;

/** The keys of one object, as far as it has been read. */
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
