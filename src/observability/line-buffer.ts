/** How long a line waits for others, in milliseconds. */
const flushAfterMs = 50;
const flushAtLength = 64 * 1024;
/** While the process has other work, a block waits this many times as long at most. */
const mostWaits = 10;

/** Collects lines, so that a busy server writes blocks instead of single lines. */
export class LineBuffer<Level> {
  readonly #handOver: (level: Level, block: string) => void;
  readonly #mayWait: () => boolean;
  #level: Level | undefined;
  #lines: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param handOver receives whole lines of one level, separated by newlines
   * @param mayWait whether the process has other work that must be done first
   */
  constructor(handOver: (level: Level, block: string) => void, mayWait: () => boolean) {
    this.#handOver = handOver;
    this.#mayWait = mayWait;
  }

  add(level: Level, line: string): void {
    if (level !== this.#level) this.flush();
    this.#level = level;
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= flushAtLength) this.flush();
    else if (this.#timer === undefined) this.#flushLater(mostWaits);
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

  #flushLater(waits: number): void {
    this.#timer = setTimeout(() => {
      if (waits > 1 && this.#mayWait()) this.#flushLater(waits - 1);
      else this.flush();
    }, flushAfterMs).unref();
  }
}
