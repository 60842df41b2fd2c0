import { CommanderError } from "commander";
import { describeError } from "../serving/describe-error.js";
import { withPlainFlags } from "./plain-flags.js";
import { createProgram } from "./program.js";
import { createRegistryProgram, isRegistryName, withServe } from "./registry-program.js";

/** What the shell is told. */
const exitCodes = { fine: 0, failed: 1, wrongUsage: 2 } as const;

/**
 * Runs what the command line asks for, says what went wrong, and returns the exit code.
 * @param name by which Berth was called
 */
export async function runCommandLine(name: string, arguments_: readonly string[]): Promise<number> {
  try {
    const program = isRegistryName(name) ? createRegistryProgram(name) : createProgram();
    await program.parseAsync(withPlainFlags(withServe(arguments_)), { from: "user" });
    return exitCodes.fine;
  } catch (error) {
    // Commander has said its part already: help, the version, or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongUsage;
    process.stderr.write(`berth: ${describeError(error)}\n`);
    return exitCodes.failed;
  }
}
