import { parentPort, workerData } from "node:worker_threads";
import { contentsOf, type DiskStep, performSteps } from "./disk-steps.js";
import { DurableFolders } from "./durable-folders.js";

/** An error, as far as it can be passed between threads. */
export interface DiskFailure {
  readonly message: string;
  readonly code: string | undefined;
}

const root: string = workerData;
const folders = new DurableFolders(root);

// A separate thread: it carries out one order after another, and answers with nothing or an error.
parentPort?.on("message", (steps: readonly DiskStep[]) => {
  const failure = attempt(steps);
  // With the memory of what was written: a thread that creates no garbage would not collect it for a long time.
  parentPort?.postMessage(failure, contentsOf(steps));
});

function attempt(steps: readonly DiskStep[]): DiskFailure | undefined {
  try {
    performSteps(steps, folders);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    return { message: error instanceof Error ? error.message : String(error), code };
  }
}
