import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import type { Job } from "./background-thread.js";

/** Where processors are scarce, the event loop and the threads that wait for disks go first. */
const priority = 10;

/** Call it in a thread for work that nobody waits for. */
export function yieldToOthers(): void {
  // On Linux this is the priority of one thread; elsewhere it would be that of the whole process.
  if (process.platform === "linux") setPriority(0, priority);
}

/** Called by the program of a `BackgroundThread`: does one job after another. */
export function doJobs<Content, Result>(work: (content: Content) => Job<Result>): void {
  yieldToOthers();
  parentPort?.on("message", (job: Content) => {
    const { content, memory } = work(job);
    parentPort?.postMessage(content, memory);
  });
}
