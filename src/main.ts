#!/usr/bin/env node
import { basename } from "node:path";
import { runCommandLine } from "./commands/run.js";

process.stdout.on("error", loseOutput);
process.stderr.on("error", loseOutput);
const exitCode = await runCommandLine(basename(process.argv[1] ?? ""), process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;

/** Whoever read our output may leave, as `head` does, and a disk of logs may be full: neither stops a registry. */
function loseOutput(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") process.exitCode = 1;
}
