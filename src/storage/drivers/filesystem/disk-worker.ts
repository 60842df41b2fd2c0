import { parentPort } from "node:worker_threads";
import { contentsOf, type DiskStep, performSteps } from "./disk-steps.js";
import { DurableFolders } from "./durable-folders.js";

/** Steps below the root folder of a driver. */
export interface DiskOrder {
  readonly root: string;
  readonly steps: readonly DiskStep[];
}

/** An error, as far as it can be passed between threads. */
export interface DiskFailure {
  readonly message: string;
  readonly code: string | undefined;
}

/** What this thread has synced below the root that it worked for last: a server has only one. */
let known = { root: "", folders: new DurableFolders("") };

// A separate thread: it carries out one order after another, and answers with nothing or an error.
parentPort?.on("message", (order: DiskOrder) => {
  const failure = attempt(order);
  // With the memory of what was written: a thread that creates no garbage would not collect it for a long time.
  parentPort?.postMessage(failure, contentsOf(order.steps));
});

function attempt({ root, steps }: DiskOrder): DiskFailure | undefined {
  if (known.root !== root) known = { root, folders: new DurableFolders(root) };
  try {
    performSteps(steps, known.folders);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    return { message: error instanceof Error ? error.message : String(error), code };
  }
}
