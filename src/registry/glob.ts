/**
 * A text in which each `*` stands for any characters, or none. Matched by hand: an expression with several `.*`
 * backtracks, and a name of 255 characters then costs seconds.
 */
export class Glob {
  readonly #start: string;
  /** What stands between two stars, in its order. */
  readonly #middle: readonly string[];
  /** What stands after the last star; `undefined` if there is no star. */
  readonly #end: string | undefined;

  constructor(glob: string) {
    const [start = "", ...rest] = glob.split("*");
    this.#start = start;
    this.#end = rest.pop();
    this.#middle = rest;
  }

  /** Takes each part at the first place where it stands: if the rest fits after any place, it fits after the first. */
  fits(text: string): boolean {
    if (this.#end === undefined) return text === this.#start;
    if (!text.startsWith(this.#start)) return false;
    let from = this.#start.length;
    for (const part of this.#middle) {
      const found = text.indexOf(part, from);
      if (found < 0) return false;
      from = found + part.length;
    }
    return text.length - from >= this.#end.length && text.endsWith(this.#end);
  }
}
