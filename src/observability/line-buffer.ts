/** The longest time that a line waits, in milliseconds. */
const flushAfterMs = 50;
const flushAtLength = 64 * 1024;

/** Collects lines, so that a busy server writes blocks instead of single lines. */
export class LineBuffer<Level> {
  readonly #handOver: (level: Level, block: string) => void;
  #level: Level | undefined;
  #lines: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param handOver receives whole lines of one level, separated by newlines */
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

  /** Writes the waiting lines. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#level === undefined || this.#lines.length === 0) return;
    this.#handOver(this.#level, this.#lines.join("\n"));
    this.#lines = [];
    this.#length = 0;
  }
}
