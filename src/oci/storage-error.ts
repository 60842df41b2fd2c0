/**
 * Why the storage failed:
 * - `full`: there is no room for more bytes or files
 * - `readonly`: it can be read, but not changed
 * - `busy`: try again in a moment: too many files are open, or another process holds the lock
 * - `unavailable`: the disk or its content is faulty, or cannot be reached
 */
export type StorageFailure = "full" | "readonly" | "busy" | "unavailable";

/** A failure of the storage. Only storage drivers create it; the system's own error is its cause. */
export class StorageError extends Error {
  override readonly name: string = "StorageError";
  readonly kind: StorageFailure;

  constructor(kind: StorageFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** `held`: another process has held the lock for too long; `lost`: it was ours, but perhaps not to the end. */
export class LockError extends StorageError {
  override readonly name = "LockError";
  readonly reason: "held" | "lost";
  /** What the holder says about itself, if it was asked to say anything. */
  readonly holder: string | undefined;

  constructor(reason: "held" | "lost", message: string, options?: ErrorOptions & { readonly holder?: string }) {
    super("busy", message, options);
    this.reason = reason;
    this.holder = options?.holder;
  }
}

/** Whether something could not be stored because there is no space, or nothing may be changed. */
export function isOutOfRoom(error: unknown): error is StorageError {
  return error instanceof StorageError && (error.kind === "full" || error.kind === "readonly");
}
