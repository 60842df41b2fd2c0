import { LockError, StorageError } from "../oci/storage-error.js";
import type { CollectionReport } from "./collection-report.js";

/** Reported one by one. With more, it is the disk or the bucket as a whole that cannot be read. */
const mostReported = 100;

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

  /** @param stays what stays for that, in words */
  add(what: string, error: StorageError, stays: string): void {
    if (++this.#found <= mostReported) this.#report.problem(`${what} cannot be read, so ${stays} (${error.message})`);
  }

  /** The same for what may need any bytes. */
  addHiding(what: string, error: StorageError, stays: string): void {
    const isFirst = !this.#hidesNeeds;
    this.#hidesNeeds = true;
    this.add(what, error, isFirst ? `${stays}, and so do all bytes, which it may need` : stays);
  }

  /** Call it at the end. */
  reportRest(): void {
    const rest = this.#found - mostReported;
    if (rest > 0)
      this.#report.problem(`${rest} more cannot be read, and stay too: the disk or the bucket seems to be faulty`);
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
