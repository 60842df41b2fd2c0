import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs one of clients/ in a separate process with a job, and returns its result. */
export async function runClient(name, job) {
  const file = fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(job)]);
  return JSON.parse(stdout);
}
