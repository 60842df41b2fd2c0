const eraseToEnd = "\x1b[0J";
const toLineStart = "\r";

/** The part of a terminal that is used here. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns: number;
  readonly rows: number;
}

/** Lines at the end of a terminal that are redrawn in place, below output that stays. */
export class LiveLines {
  readonly #terminal: Terminal;
  #shown = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces the drawn lines, as far as they fit on the terminal. */
  draw(lines: readonly string[]): void {
    const visible = lines.slice(-Math.max(1, this.#terminal.rows - 1));
    this.#terminal.write(this.#erasing() + visible.map((line) => `${line}\n`).join(""));
    this.#shown = visible.length;
  }

  /** Erases the drawn lines so that other output can be written; `draw` puts them back below it. */
  clear(): void {
    this.#terminal.write(this.#erasing());
    this.#shown = 0;
  }

  #erasing(): string {
    return this.#shown === 0 ? "" : `\x1b[${this.#shown}A${toLineStart}${eraseToEnd}`;
  }
}
