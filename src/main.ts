#!/usr/bin/env node
import { bearLostOutput } from "./commands/lost-output.js";
import { runCommandLine } from "./commands/run.js";

bearLostOutput();
const exitCode = await runCommandLine(process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;
