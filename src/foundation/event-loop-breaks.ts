/** How long all work in steps together may occupy the event loop before it handles what others have sent. */
const turnMs = 2;

/** Those who wait for their turn, in order. */
const line: (() => void)[] = [];
let isPlanned = false;

/**
 * Lets everything else run that can: call it between two steps that each take milliseconds. All callers share one line:
 * however many of them work at the same time, the event loop handles what others have sent after each 2 ms.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    line.push(resolve);
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(giveTurns);
  });
}

function giveTurns(): void {
  continueFirst(performance.now() + turnMs);
}

function continueFirst(untilMs: number): void {
  line.shift()?.();
  // Ticks run when no microtask is left: then the step that has just begun is over.
  queueMicrotask(() => process.nextTick(goOn, untilMs));
}

function goOn(untilMs: number): void {
  if (line.length === 0) isPlanned = false;
  else if (performance.now() < untilMs) continueFirst(untilMs);
  else setImmediate(giveTurns);
}

/** Lets other work run now and then during a walk whose steps hardly ever wait. */
export class EventLoopBreaks {
  #since = performance.now();

  /** Where steps take less than a microsecond, waiting for `take` only when it is due saves most of their time. */
  get isDue(): boolean {
    return performance.now() - this.#since >= turnMs;
  }

  /** Call it between two steps. */
  async take(): Promise<void> {
    if (!this.isDue) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
