import { LockError, StorageError } from "../oci/storage-error.js";
import { CollectionError } from "./collection-lock.js";
import type { CollectionReport } from "./collection-report.js";

/** With more, it is the disk or the bucket as a whole that cannot be read. */
const mostUnreadable = 100;

/**
 * What a collection cannot read: it stays, and is reported. If it may need any bytes, such as a repository whose links
 * cannot be listed, no bytes are removed by that collection.
 */
export class UnreadableContent {
  readonly #report: CollectionReport;
  #found = 0;
  #hidesNeeds = false;

  constructor(report: CollectionReport) {
    this.#report = report;
  }

  /** Whether anything that could not be read may need any bytes. */
  get hidesNeeds(): boolean {
    return this.#hidesNeeds;
  }

  /** @param stays what stays for that, in words. @throws CollectionError if this is one too many */
  add(what: string, error: StorageError, stays: string): void {
    this.#report.problem(`${what} cannot be read, so ${stays} (${error.message})`);
    if (++this.#found > mostUnreadable)
      throw new CollectionError("too much cannot be read: the disk or the bucket seems to be faulty", { cause: error });
  }

  /** The same for what may need any bytes. */
  addHiding(what: string, error: StorageError, stays: string): void {
    const isFirst = !this.#hidesNeeds;
    this.#hidesNeeds = true;
    this.add(what, error, isFirst ? `${stays}, and so do all bytes, which it may need` : stays);
  }
}

/** Whether something failed that only reads, and that may succeed elsewhere. */
export function isUnreadable(error: unknown): error is StorageError {
  return (
    error instanceof StorageError &&
    !(error instanceof LockError) &&
    (error.kind === "unavailable" || error.kind === "busy")
  );
}
