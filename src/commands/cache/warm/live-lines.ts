const eraseToEnd = "\x1b[0J";
const toLineStart = "\r";

/** A terminal, as far as it is needed here. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns: number;
  readonly rows: number;
}

/** Lines at the end of a terminal that are drawn anew in their place, below others that stay. */
export class LiveLines {
  readonly #terminal: Terminal;
  #shown = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these instead of those before; as many as there is place for. */
  draw(lines: readonly string[]): void {
    const visible = lines.slice(-Math.max(1, this.#terminal.rows - 1));
    this.#terminal.write(this.#erasing() + visible.map((line) => `${line}\n`).join(""));
    this.#shown = visible.length;
  }

  /** Takes them away, so that others can write; `draw` brings them back below. */
  clear(): void {
    this.#terminal.write(this.#erasing());
    this.#shown = 0;
  }

  #erasing(): string {
    return this.#shown === 0 ? "" : `\x1b[${this.#shown}A${toLineStart}${eraseToEnd}`;
  }
}
