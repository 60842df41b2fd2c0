/** Longer than this no line waits, and no more than this waits. */
const flushAfterMs = 50;
const flushAtLength = 64 * 1024;

/** Gathers lines, so that a busy server hands over one block and not each line. */
export class LineBuffer<Level> {
  readonly #handOver: (level: Level, block: string) => void;
  #level: Level | undefined;
  #lines: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param handOver is given whole lines of one level, with line ends between them */
  constructor(handOver: (level: Level, block: string) => void) {
    this.#handOver = handOver;
  }

  add(level: Level, line: string): void {
    if (level !== this.#level) this.flush();
    this.#level = level;
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= flushAtLength) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushAfterMs).unref();
  }

  /** Hands over what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#level === undefined || this.#lines.length === 0) return;
    this.#handOver(this.#level, this.#lines.join("\n"));
    this.#lines = [];
    this.#length = 0;
  }
}
