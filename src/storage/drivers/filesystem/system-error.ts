import { StorageError, type StorageFailure } from "../../../oci/storage-error.js";

/** What an error of the operating system means for whoever stores. One that nobody foresaw stays as it is. */
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
  // A file system of a network whose server is away, or no longer knows the file.
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

/** Runs an action on the disk; `undefined` if what it names is not there. */
export async function ifPresent<Result>(action: () => Promise<Result> | Result): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Reads something of the disk. @throws StorageError instead of the system's error */
export async function reading<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Changes something on the disk: what may not be written is read-only. @throws StorageError instead of the system's error */
export async function changing<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toChangeError(error);
  }
}

/** What the system's error means; any other error as it is. */
export function toStorageError(error: unknown): unknown {
  if (error instanceof StorageError || !(error instanceof Error)) return error;
  const kind = "code" in error ? failures[String(error.code)] : undefined;
  return kind === undefined ? error : new StorageError(kind, error.message, { cause: error });
}

/** The same of an error that a change met. */
export function toChangeError(error: unknown): unknown {
  if (!isDenied(error)) return toStorageError(error);
  const message = error instanceof Error ? error.message : "not permitted";
  return new StorageError("readonly", message, { cause: error });
}

/** Whether this user may not do what was tried. */
export function isDenied(error: unknown): boolean {
  return hasCode(error, "EACCES") || hasCode(error, "EPERM");
}

/** ENOTDIR: a file stands where the key has a folder, so nothing can lie below it. */
export function isAbsence(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
