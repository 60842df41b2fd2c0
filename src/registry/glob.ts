/**
 * A pattern in which each `*` matches any characters, or none. Matched by hand: a regular expression with several `.*`
 * backtracks, and a name of 255 characters can then take seconds.
 */
export class Glob {
  readonly #start: string;
  /** The parts between stars, in order. */
  readonly #middle: readonly string[];
  /** The part after the last star; `undefined` if there is no star. */
  readonly #end: string | undefined;

  constructor(glob: string) {
    const [start = "", ...rest] = glob.split("*");
    this.#start = start;
    this.#end = rest.pop();
    this.#middle = rest;
  }

  /** Matches each part at its first position: if the rest matches after any position, it matches after the first. */
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
