/**
 * Tells whether a changed file looks truncated, as a full disk or an interrupted writer leaves it: a prefix of the
 * intended text. Such a text is often still valid YAML with another meaning, such as `2` instead of `24`, or without
 * the last lines. At start there is nothing to compare with, and a missing final newline is common: Helm writes such
 * files.
 */
export class CutOffDetector {
  /** Texts that were in effect before: returning to one of them removes lines on purpose. */
  readonly #held = new Set<string>();
  #current: string | undefined;

  /** @param text the text in effect; `undefined` without a file */
  constructor(text: string | undefined) {
    this.taken(text);
  }

  /** Records that a text is now in effect. */
  taken(text: string | undefined): void {
    this.#current = text;
    if (text === undefined) return;
    // Added again, so that the set is ordered by last use and its first entry is the oldest.
    this.#held.delete(text);
    this.#held.add(text);
    const [oldest] = this.#held;
    if (this.#held.size > rememberedTexts && oldest !== undefined) this.#held.delete(oldest);
  }

  /**
   * @param isAsked whether someone asked for the reload, which says that the file is complete
   * @returns in a sentence, why the text may be truncated; `undefined` if it looks complete
   */
  problemOf(text: string | undefined, isAsked: boolean): string | undefined {
    const before = this.#current;
    if (text === undefined || before === undefined || this.#held.has(text)) return undefined;
    if (before.endsWith("\n") && !text.endsWith("\n"))
      return "the file ends in the middle of a line; end it with a newline";
    if (!before.startsWith(text)) return undefined;
    if (!text.endsWith("\n")) return "the file is only the beginning of the previous one; end it with a newline";
    return isAsked
      ? undefined
      : "the file is only the beginning of the previous one; if nothing is missing, send SIGHUP to apply it";
  }
}

const rememberedTexts = 8;
