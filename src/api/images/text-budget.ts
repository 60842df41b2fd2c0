const longestText = 4_096;
const mostEntries = 1_000;

/**
 * How much of the texts of an image is shown: labels and annotations may have megabytes. What is longer is cut, and
 * `isCut` says so.
 */
export class TextBudget {
  isCut = false;
  #left: number;

  constructor(characters = 256 * 1024) {
    this.#left = characters;
  }

  /** The text, or its beginning; `undefined` for anything but a text. */
  text(value: unknown): string | undefined {
    if (typeof value !== "string") return undefined;
    const shown = value.slice(0, Math.min(longestText, this.#left));
    if (shown.length < value.length) this.isCut = true;
    this.#left -= shown.length;
    return shown;
  }

  /** The texts of a list. A single text counts as a list of one. */
  list(value: unknown): string[] | undefined {
    const all: readonly unknown[] | undefined = typeof value === "string" ? [value] : arrayOf(value);
    return all === undefined ? undefined : this.some(all).flatMap((each) => this.text(each) ?? []);
  }

  /** The texts of an object, by their keys. */
  texts(value: unknown): Record<string, string> | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const texts: [string, string][] = [];
    for (const [key, each] of this.some(Object.entries(value))) {
      const text = this.text(each);
      const name = this.text(key);
      if (text !== undefined && name !== undefined && name !== "") texts.push([name, text]);
    }
    // No key has a meaning for the engine here, whatever an image calls its labels.
    return Object.fromEntries(texts);
  }

  /** The keys of an object, such as ports and volumes. */
  keys(value: unknown): string[] | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return this.some(Object.keys(value)).flatMap((key) => this.text(key) ?? []);
  }

  /** As many entries as are shown. */
  some<Entry>(all: readonly Entry[]): readonly Entry[] {
    if (all.length > mostEntries) this.isCut = true;
    return all.slice(0, mostEntries);
  }
}

function arrayOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
