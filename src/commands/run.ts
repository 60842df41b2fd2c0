import { CommanderError } from "commander";
import { ConfigError } from "../config/problem.js";
import { CollectionError } from "../maintenance/collection-lock.js";
import { CommandFailure } from "./command-failure.js";
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
    if (isRegistryName(name)) await createRegistryProgram(name).parseAsync(withServe(arguments_), { from: "user" });
    else await createProgram().parseAsync(arguments_, { from: "user" });
    return exitCodes.fine;
  } catch (error) {
    // Commander has said its part already: help, the version, or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongUsage;
    process.stderr.write(`berth: ${describe(error)}\n`);
    return exitCodes.failed;
  }
}

const expected = [ConfigError, CommandFailure, CollectionError];

/** A sentence for what the user can mend, the stack for what only we can. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = expected.some((kind) => error instanceof kind) || "code" in error;
  return isExpected ? error.message : (error.stack ?? error.message);
}
