import type { CollectionReport } from "../../maintenance/collection-report.js";

/** A terminal shows no more often than this what has changed. */
const shownEachMs = 200;

/** Shows on a terminal how far a collection is, in one line that is replaced. */
export class CollectionProgress {
  readonly #terminal: NodeJS.WriteStream;
  #read = 0;
  #toRead = 0;
  #shownAt = 0;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
  }

  /** The report in front of another, which gets all of it. */
  around(report: CollectionReport): CollectionReport {
    return {
      ...report,
      repositories: (found) => {
        this.#toRead = found.toRead;
        report.repositories(found);
      },
      marked: (mark) => {
        report.marked(mark);
        this.#read++;
        this.#show(`${this.#read} of ${this.#toRead} repositories read`);
      },
      found: (garbage) => {
        this.clear();
        report.found(garbage);
      },
    };
  }

  /** Removes the line, before something else is printed. */
  clear(): void {
    if (this.#shownAt > 0) this.#terminal.write("\r\u001b[K");
  }

  #show(line: string): void {
    const now = performance.now();
    if (now - this.#shownAt < shownEachMs && this.#read < this.#toRead) return;
    this.#shownAt = now;
    this.#terminal.write(`\r\u001b[K${line}`);
  }
}
