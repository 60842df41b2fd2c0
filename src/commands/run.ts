import { CommanderError } from "commander";
import { describeError } from "../serving/explained-error.js";
import { withPlainFlags } from "./plain-flags.js";
import { createProgram } from "./program.js";
import { createRegistryProgram, isRegistryName, withServe } from "./registry-program.js";

/** The exit codes of the process. */
const exitCodes = { fine: 0, failed: 1, wrongUsage: 2 } as const;

/**
 * Runs the command line, reports errors, and returns the exit code.
 * @param name the name by which Berth was called
 */
export async function runCommandLine(name: string, arguments_: readonly string[]): Promise<number> {
  try {
    const program = isRegistryName(name) ? createRegistryProgram(name) : createProgram();
    await program.parseAsync(withPlainFlags(withServe(arguments_)), { from: "user" });
    return exitCodes.fine;
  } catch (error) {
    // Commander has already printed the help, the version or the usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongUsage;
    process.stderr.write(`berth: ${describeError(error)}\n`);
    return exitCodes.failed;
  }
}
