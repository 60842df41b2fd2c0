import type { ActivityReport } from "../../api/activity/activity-report.js";

/** A page that waits longer would seem to hang; what is missing is shown a second later. */
const answerMs = 1_000;

/** Asks, in a worker, what the other workers do. */
export class OthersActivity {
  readonly #ask: (request: number) => void;
  readonly #waiting = new Map<number, (reports: readonly ActivityReport[]) => void>();
  #requests = 0;

  /** @param ask sends the question to the primary */
  constructor(ask: (request: number) => void) {
    this.#ask = ask;
  }

  /** Of those that answer in time. */
  read(): Promise<readonly ActivityReport[]> {
    const request = ++this.#requests;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.heard(request, []), answerMs).unref();
      this.#waiting.set(request, (reports) => {
        clearTimeout(late);
        resolve(reports);
      });
      this.#ask(request);
    });
  }

  /** Call it with the answer of the primary. */
  heard(request: number, reports: readonly ActivityReport[]): void {
    this.#waiting.get(request)?.(reports);
    this.#waiting.delete(request);
  }
}
