import { constants } from "node:os";
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
  ENOLINK: "unavailable",
  ENOMEDIUM: "unavailable",
  // What a file system reports whose own structures are damaged: XFS and ext4 by checksums.
  EUCLEAN: "unavailable",
  EBADMSG: "unavailable",
};

interface SystemErrorName {
  readonly code: string;
  readonly text: string;
}

/** libuv has no names for these. By number. */
const namesUnknownToNode: ReadonlyMap<number, SystemErrorName> = new Map([
  [constants.errno.EDQUOT, { code: "EDQUOT", text: "disk quota exceeded" }],
  [constants.errno.ESTALE, { code: "ESTALE", text: "stale file handle" }],
  [constants.errno.EBADMSG, { code: "EBADMSG", text: "bad message: the file system is damaged" }],
  [constants.errno.ENOLINK, { code: "ENOLINK", text: "link has been severed" }],
  // Numbers of Linux that `constants` lacks.
  [117, { code: "EUCLEAN", text: "structure needs cleaning: the file system is damaged" }],
  [123, { code: "ENOMEDIUM", text: "no medium found" }],
]);

/** How Node calls what libuv has no name for; the second in some calls that do not wait, such as `writeSync`. */
const unknownError = /^(Unknown system error -\d+: Unknown system error -\d+|UNKNOWN: unknown error)/;

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
  const kind = failures[codeOf(error) ?? ""];
  return kind === undefined ? error : new StorageError(kind, messageOf(error), { cause: error });
}

/** The same for an error of a change. */
export function toChangeError(error: unknown): unknown {
  if (!isDenied(error)) return toStorageError(error);
  const message = error instanceof Error ? messageOf(error) : "not permitted";
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
  return error instanceof Error && codeOf(error) === code;
}

/** The name of a system error, such as `ENOSPC`. */
export function codeOf(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : undefined;
  return unknownToNode(error)?.code ?? code;
}

/** What the system says, with the name of the error. */
export function messageOf(error: Error): string {
  const known = unknownToNode(error);
  return known === undefined ? error.message : error.message.replace(unknownError, `${known.code}: ${known.text}`);
}

function unknownToNode(error: Error): SystemErrorName | undefined {
  if (!("errno" in error && typeof error.errno === "number" && unknownError.test(error.message))) return undefined;
  return namesUnknownToNode.get(-error.errno);
}
