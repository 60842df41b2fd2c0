import type { FlushableLogger } from "../observability/winston-logger.js";

/** One server, or all of Berth's workers. */
export interface Stoppable {
  /** Lets running transfers finish within the grace period. */
  stop(graceMs: number): Promise<void>;
  /** Ends running transfers. */
  cut(): void;
}

/** Under `npm start`, one stop may be two signals: the process group receives it, and npm passes its own on. */
const oneStopMs = 300;

/**
 * After the grace period everything is cut off, and little is left to do. What takes longer hangs, such as on a dead
 * disk.
 */
const lastStepsMs = 5_000;

/** Handles stop signals from its creation on. */
export class StopSignals {
  /** The first signal: it does not end the process by itself. */
  readonly first: Promise<NodeJS.Signals>;
  #settleFirst: (signal: NodeJS.Signals) => void = () => {};
  #onSecond = endBySignal;
  #onNext: (signal: NodeJS.Signals) => void = (signal) => this.#takeFirst(signal);

  constructor() {
    this.first = new Promise((resolve) => {
      this.#settleFirst = resolve;
    });
    // They stay: where only its own is left, signal-exit, which proper-lockfile brings, ends the process.
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#onNext(signal));
  }

  /** What a second signal does once Berth serves; before that, it ends the process. */
  onSecond(action: (signal: NodeJS.Signals) => void): void {
    this.#onSecond = action;
  }

  #takeFirst(signal: NodeJS.Signals): void {
    const secondFrom = performance.now() + oneStopMs;
    this.#onNext = (second) => {
      if (performance.now() < secondFrom) return;
      this.#onNext = endBySignal;
      this.#onSecond(second);
    };
    this.#settleFirst(signal);
  }
}

/**
 * The first signal lets running transfers finish, the second ends them. If anything hangs, the process is killed soon
 * after the grace period.
 * @param grace in milliseconds, called when the signal arrives
 */
export async function stopWhenTold(
  signals: StopSignals,
  { serving, grace, log }: { readonly serving: Stoppable; grace(): number; readonly log: FlushableLogger },
): Promise<void> {
  signals.onSecond((second) => {
    log.warn("stopping at once: running transfers are cut off", { signal: second });
    serving.cut();
    endAfter(lastStepsMs, log);
  });
  const signal = await signals.first;
  const graceMs = grace();
  log.info("stopping: running transfers may finish", { signal, graceSeconds: graceMs / 1000 });
  endAfter(graceMs + lastStepsMs, log);
  await serving.stop(graceMs);
  log.info("stopped");
}

/** Only if the process still runs by then: the timer does not keep it alive. */
function endAfter(ms: number, log: FlushableLogger): void {
  const end = () => {
    log.error("stopping takes too long, perhaps a disk hangs: Berth ends now");
    log.flush();
    // process.exit would wait for threads, and so for what hangs.
    process.kill(process.pid, "SIGKILL");
  };
  setTimeout(end, ms).unref();
}

/** As if the signal had no handler. */
function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
