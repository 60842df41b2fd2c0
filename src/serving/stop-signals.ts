import type { FlushableLogger } from "../observability/winston-logger.js";

/** What serves: one server, or all of Berth's workers. */
export interface Stoppable {
  /** Lets what runs end, for as long as the grace. */
  stop(graceMs: number): Promise<void>;
  /** Ends what runs. */
  cut(): void;
}

/** Under `npm start` one stop may be two signals: the process group gets it, and npm passes its own on. */
const oneStopMs = 300;

/** After the grace everything is cut off, and little is left to do. What takes longer hangs, on a dead disk for one. */
const lastStepsMs = 5_000;

/** Signals that ask to stop, from the making of this on. */
export class StopSignals {
  /** The first one: it does not end Berth in the middle of its start. */
  readonly first: Promise<NodeJS.Signals>;
  #onSecond = endBySignal;

  constructor() {
    this.first = nextSignal();
    void this.first.then(() => nextSignal(oneStopMs)).then((signal) => this.#onSecond(signal));
  }

  /** What a second signal does once Berth serves; before, it ends the process. */
  onSecond(action: (signal: NodeJS.Signals) => void): void {
    this.#onSecond = action;
  }
}

/**
 * The first signal lets what runs end, the second ends it. Whatever hangs, the process is gone soon after the grace.
 * @param grace milliseconds, asked when the signal comes
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

/** Only if the process still runs then: the timer does not keep it. */
function endAfter(ms: number, log: FlushableLogger): void {
  const end = () => {
    log.error("stopping takes too long, perhaps a disk hangs: Berth ends now");
    log.flush();
    // An exit would wait for threads, and so for what hangs.
    process.kill(process.pid, "SIGKILL");
  };
  setTimeout(end, ms).unref();
}

/** As if nobody had listened to the signal. */
function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function nextSignal(ignoredForMs = 0): Promise<NodeJS.Signals> {
  const heededFrom = performance.now() + ignoredForMs;
  return new Promise((resolve) => {
    const settle = (signal: NodeJS.Signals) => {
      if (performance.now() < heededFrom) return;
      process.off("SIGTERM", settle);
      process.off("SIGINT", settle);
      resolve(signal);
    };
    process.on("SIGTERM", settle);
    process.on("SIGINT", settle);
  });
}
