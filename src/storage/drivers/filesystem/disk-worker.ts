import { parentPort } from "node:worker_threads";
import { freeMemory } from "../../../foundation/free-memory.js";
import { type DiskFailure, failureOf } from "./disk-failure.js";
import { contentsOf, type DiskStep, performStep } from "./disk-steps.js";
import { DurableFolders } from "./durable-folders.js";

/** Steps below the root folder of a driver. */
export interface DiskOrder {
  readonly root: string;
  readonly steps: readonly DiskStep[];
}

/** Orders below one root that a thread carries out together. */
export interface DiskBatch {
  readonly root: string;
  readonly orders: readonly (readonly DiskStep[])[];
}

/** What this thread has synced below the root that it worked for last: a server has only one. */
let known = { root: "", folders: new DurableFolders("") };

// A separate thread: it carries out one batch after another, and answers with the failure of each order.
parentPort?.on("message", (batch: DiskBatch) => {
  const failures = performBatch(batch);
  // A thread that creates no garbage would not collect what was written for a long time. Large contents are freed here:
  // sent back, a few of them would make the event loop's own memory be collected.
  const contents = contentsOf(batch.orders.flat());
  for (const content of contents) freeMemory(Buffer.from(content));
  parentPort?.postMessage(
    failures,
    contents.filter(({ byteLength }) => byteLength > 0),
  );
});

/**
 * Does the steps of each order in turn. When it returns, no power cut can undo those of an order that did not fail. The
 * orders share the syncs of their folders, each of which may make the disk write its journal.
 */
function performBatch({ root, orders }: DiskBatch): (DiskFailure | undefined)[] {
  if (known.root !== root) known = { root, folders: new DurableFolders(root) };
  const { folders } = known;
  const failures = orders.map((steps) =>
    failureIn(() => {
      for (const step of steps) performStep(step, folders);
    }),
  );
  const unsynced = failureIn(() => folders.sync());
  const all = failures.map((failure) => failure ?? unsynced);
  if (all.some((failure) => failure !== undefined)) folders.forget();
  return all;
}

function failureIn(action: () => void): DiskFailure | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}
