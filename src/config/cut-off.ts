/**
 * Tells whether a changed file looks as a full disk, or a writer that was stopped, leaves it: a prefix of what was to be
 * written. Such a text is often still right in YAML, only with other meanings, as when the last lines are gone or `24` is
 * `2`. At a start nothing can be told: files without a line end at their end are common, since Helm writes them.
 */
export class CutOffDetector {
  /** Texts that held before: who goes back to one of them has taken out lines on purpose. */
  readonly #held = new Set<string>();
  #current: string | undefined;

  /** @param text of the file that holds; `undefined` without a file */
  constructor(text: string | undefined) {
    this.taken(text);
  }

  /** Notes that a text holds from now on. */
  taken(text: string | undefined): void {
    this.#current = text;
    if (text === undefined) return;
    // Written again it counts as the latest, so that the oldest is the first.
    this.#held.delete(text);
    this.#held.add(text);
    const [oldest] = this.#held;
    if (this.#held.size > rememberedTexts && oldest !== undefined) this.#held.delete(oldest);
  }

  /**
   * @param isAsked whether somebody asked for it to be taken over, and so says that it is whole
   * @returns why the text may be a part only, in a sentence; `undefined` if it looks whole
   */
  problemOf(text: string | undefined, isAsked: boolean): string | undefined {
    const before = this.#current;
    if (text === undefined || before === undefined || this.#held.has(text)) return undefined;
    if (before.endsWith("\n") && !text.endsWith("\n"))
      return "the file ends in the middle of a line; end it with a line end";
    if (!before.startsWith(text)) return undefined;
    if (!text.endsWith("\n"))
      return "the file is only the beginning of the previous one; end its last line with a line end";
    return isAsked
      ? undefined
      : "the file is only the beginning of the previous one; if nothing is missing, send SIGHUP to apply it";
  }
}

const rememberedTexts = 8;
