import { ConfigError } from "../config/problem.js";
import { CollectionError } from "../maintenance/collection-lock.js";
import { StorageError } from "../oci/storage-error.js";
import { ExplainedError } from "./explained-error.js";

const expected = [ConfigError, ExplainedError, CollectionError, StorageError];

/** The message for what a user can fix, the stack for what only we can. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = expected.some((kind) => error instanceof kind) || "code" in error;
  return isExpected ? error.message : (error.stack ?? error.message);
}
