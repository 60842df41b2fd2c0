import { ConfigError } from "../config/problem.js";

/** A sentence for what the user can mend, the stack for what only we can. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof ConfigError || "code" in error;
  return isExpected ? error.message : (error.stack ?? error.message);
}
