import type { Tag } from "../oci/reference.js";
import { Glob } from "../registry/glob.js";

/** Patterns of tags, and exceptions from them, which begin with `!`. */
export class TagMatcher {
  readonly #patterns: readonly Glob[];
  readonly #exceptions: readonly Glob[];

  constructor(written: readonly string[]) {
    this.#patterns = written.filter((each) => !each.startsWith("!")).map((each) => new Glob(each));
    this.#exceptions = written.filter((each) => each.startsWith("!")).map((each) => new Glob(each.slice(1)));
  }

  fits(tag: Tag): boolean {
    return this.#patterns.some((each) => each.fits(tag)) && !this.#exceptions.some((each) => each.fits(tag));
  }
}
