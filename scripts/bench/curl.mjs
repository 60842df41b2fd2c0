import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "./tools.mjs";

/**
 * Seconds that several concurrent curls take, each with several downloads over one connection. Of the clients tried,
 * curl needs the least CPU, which leaves the most to the server.
 */
export async function downloadAtOnce(url, { clients, times, size }) {
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, () => download(url, { times, size })));
  return (performance.now() - started) / 1000;
}

async function download(url, { times, size }) {
  const targets = Array.from({ length: times }, () => ["-o", "/dev/null", url]).flat();
  const { stdout } = await promisify(execFile)(findProgram("curl"), [
    ...["--silent", "--show-error", "--fail", "--write-out", "%{size_download}\n"],
    ...targets,
  ]);
  const isWhole = stdout
    .trim()
    .split("\n")
    .every((line) => Number(line) === size);
  if (!isWhole) throw new Error(`a download was not whole: ${stdout}`);
}
