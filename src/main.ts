#!/usr/bin/env node
import { basename } from "node:path";
import { runCommandLine } from "./commands/run.js";
import { bearLostOutput } from "./serving/lost-output.js";

bearLostOutput();
const exitCode = await runCommandLine(basename(process.argv[1] ?? ""), process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;
