import { ConfigError } from "../config/problem.js";
import { CollectionError } from "../maintenance/collection-lock.js";
import { StorageError } from "../oci/storage-error.js";

/** An error whose message tells the user what is wrong and what to do. It is shown without a stack. */
export class ExplainedError extends Error {
  override readonly name = "ExplainedError";

  /** @param problems one line each */
  constructor(message: string, problems: readonly string[] = []) {
    super([message, ...problems].join("\n  "));
  }
}

const expected = [ConfigError, ExplainedError, CollectionError, StorageError];

/** The message for what a user can fix, the stack for what only we can. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = expected.some((kind) => error instanceof kind) || "code" in error;
  return isExpected ? error.message : (error.stack ?? error.message);
}
