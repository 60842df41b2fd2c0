import type { Download } from "./download.js";

/** Downloads that may continue without a client: as many as the layers of a few images whose clients were stopped. */
const mostWithKnownEnd = 64;
/** A download of unknown size may never end, so only few may continue. */
const mostWithoutEnd = 8;

/** From this size on, the bytes of a download that is given up are kept for the next client. */
const worthKeepingBytes = 4 * 1024 * 1024;

/** Why a download without a client ends early. */
export class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

/**
 * The downloads that continue after their clients have left. Each costs an upstream connection, a file and a lock, and
 * a client could start thousands for a few bytes each. Beyond the limit, the one with the fewest bytes is given up, and
 * among equals the youngest.
 */
export class UnwatchedDownloads {
  readonly #running = new Set<Download>();

  /** The last client of the download has left. @returns a download that is given up for it, if there are too many */
  add(download: Download): Download | undefined {
    this.#running.add(download);
    const alike = [...this.#running].filter((other) => other.hasKnownEnd === download.hasKnownEnd);
    if (alike.length <= (download.hasKnownEnd ? mostWithKnownEnd : mostWithoutEnd)) return undefined;
    const least = alike.reduce((one, other) => (other.state.readable <= one.state.readable ? other : one));
    this.#running.delete(least);
    least.cancel(new GivenUpError("too many downloads are running without a client"));
    return least;
  }

  /** The download has ended, or a client waits for it again. */
  delete(download: Download): void {
    this.#running.delete(download);
  }
}

/** Whether to delete the bytes of a download that was given up, so that thousands of them do not fill the disk. */
export function isWorthless(reason: unknown, arrivedBytes: number): boolean {
  return reason instanceof GivenUpError && arrivedBytes < worthKeepingBytes;
}
