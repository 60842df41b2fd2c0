/**
 * Why the storage could not do what it was asked to:
 * - `full`: there is no room for more bytes or names
 * - `readonly`: it may be read, and not changed
 * - `busy`: it can be tried again in a moment: too many files are open, or somebody else has the lock
 * - `unavailable`: the disk or what lies on it fails, or cannot be reached
 */
export type StorageFailure = "full" | "readonly" | "busy" | "unavailable";

/** An error of the place where content is stored. Only storage drivers make it; the system's own error is its cause. */
export class StorageError extends Error {
  override readonly name: string = "StorageError";
  readonly kind: StorageFailure;

  constructor(kind: StorageFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
