import type { Logger } from "../../observability/logger.js";

/** What serves: one server, or all of Berth's workers. */
export interface Stoppable {
  /** Lets what runs end, for as long as the grace. */
  stop(graceMs: number): Promise<void>;
  /** Ends what runs. */
  cut(): void;
}

/** Under `npm start` one stop may be two signals: the process group gets it, and npm passes its own on. */
const oneStopMs = 300;

/**
 * The first signal lets what runs end, the second ends it.
 * @param told the first signal: who asks for it before the start is not ended by it in the middle of that
 * @param grace milliseconds, asked when the signal comes
 */
export async function stopWhenTold(
  told: Promise<NodeJS.Signals>,
  { serving, grace, log }: { readonly serving: Stoppable; grace(): number; readonly log: Logger },
): Promise<void> {
  const signal = await told;
  const graceMs = grace();
  log.info("stopping: running transfers may end", { signal, graceSeconds: graceMs / 1000 });
  void nextSignal(oneStopMs).then((second) => {
    log.warn("stopping at once: running transfers are cut off", { signal: second });
    serving.cut();
  });
  await serving.stop(graceMs);
  log.info("stopped");
}

/** The next signal that asks to stop, from now on. */
export function nextSignal(ignoredForMs = 0): Promise<NodeJS.Signals> {
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
