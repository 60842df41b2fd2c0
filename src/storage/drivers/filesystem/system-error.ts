import { StorageError, type StorageFailure } from "../../../oci/storage-error.js";

/** What an error of the operating system means for callers. Unknown ones stay as they are. */
const failures: Readonly<Record<string, StorageFailure>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  // A file system without large files, such as FAT32.
  EFBIG: "full",
  EROFS: "readonly",
  EMFILE: "busy",
  ENFILE: "busy",
  EAGAIN: "busy",
  ENOMEM: "busy",
  EIO: "unavailable",
  EACCES: "unavailable",
  EPERM: "unavailable",
  // A network file system whose server is unreachable, or no longer knows the file.
  ESTALE: "unavailable",
  ETIMEDOUT: "unavailable",
  EHOSTDOWN: "unavailable",
  EHOSTUNREACH: "unavailable",
  ENOTCONN: "unavailable",
  ESHUTDOWN: "unavailable",
  EREMOTEIO: "unavailable",
  ENODEV: "unavailable",
  ENXIO: "unavailable",
};

/** Runs an action on the disk; `undefined` if the path does not exist. */
export async function ifPresent<Result>(action: () => Promise<Result> | Result): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Reads from the disk. @throws StorageError instead of the system's error */
export async function reading<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Changes the disk; a denied permission means read-only. @throws StorageError instead of the system's error */
export async function changing<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toChangeError(error);
  }
}

/** The StorageError for a system error; any other error unchanged. */
export function toStorageError(error: unknown): unknown {
  if (error instanceof StorageError || !(error instanceof Error)) return error;
  const kind = "code" in error ? failures[String(error.code)] : undefined;
  return kind === undefined ? error : new StorageError(kind, error.message, { cause: error });
}

/** The same for an error of a change. */
export function toChangeError(error: unknown): unknown {
  if (!isDenied(error)) return toStorageError(error);
  const message = error instanceof Error ? error.message : "not permitted";
  return new StorageError("readonly", message, { cause: error });
}

/** Whether this user lacks the permission. */
export function isDenied(error: unknown): boolean {
  return hasCode(error, "EACCES") || hasCode(error, "EPERM");
}

/** ENOTDIR: a file is in place of a folder of the key, so nothing can be below it. */
export function isAbsence(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
