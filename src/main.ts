#!/usr/bin/env node
import { runCommandLine } from "./commands/run.js";

process.stdout.on("error", loseOutput);
process.stderr.on("error", loseOutput);
const exitCode = await runCommandLine(process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;

/** Whoever read our output may leave, as `head` does, and a disk of logs may be full: neither stops a registry. */
function loseOutput(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") process.exitCode = 1;
}
