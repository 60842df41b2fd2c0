import type { Download } from "./download.js";

/** Downloads that may go on without a client: as many as the layers of a few images whose clients were shut down. */
const mostWithKnownEnd = 64;
/** One whose size nobody knows may never end, so hardly any of them may go on. */
const mostWithoutEnd = 8;

/** So many bytes are worth keeping for the next client; fewer are dropped together with the download. */
const worthKeepingBytes = 4 * 1024 * 1024;

/** Why a download without a client ends before its end. */
export class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

/**
 * The downloads that go on although their clients have left. Each costs an upstream connection, a file and a lock, and a
 * client starts thousands of them for a few bytes each: beyond the bound the one of which least has come is given up,
 * and of these the youngest.
 */
export class UnwatchedDownloads {
  readonly #running = new Set<Download>();

  /** The last client of the download has left. @returns the download that is given up for it, if there are too many */
  add(download: Download): Download | undefined {
    this.#running.add(download);
    const alike = [...this.#running].filter((other) => other.hasKnownEnd === download.hasKnownEnd);
    if (alike.length <= (download.hasKnownEnd ? mostWithKnownEnd : mostWithoutEnd)) return undefined;
    const least = alike.reduce((one, other) => (other.received <= one.received ? other : one));
    this.#running.delete(least);
    least.cancel(new GivenUpError("too many downloads run that nobody waits for"));
    return least;
  }

  /** The download has ended, or a client waits for it again. */
  delete(download: Download): void {
    this.#running.delete(download);
  }
}

/** Whether what has come of a download that was given up is to be dropped, so that thousands of them fill no disk. */
export function isWorthless(reason: unknown, arrivedBytes: number): boolean {
  return reason instanceof GivenUpError && arrivedBytes < worthKeepingBytes;
}
