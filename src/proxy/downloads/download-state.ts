import type { RecentPieces } from "./recent-pieces.js";

/**
 * - `queued`: waits for its turn to ask the upstream
 * - `asked`: the upstream, or another process that downloads the same blob, was asked
 * - `arriving`: the upstream has the blob, and clients can read what has arrived
 * - `proved`: the digest is right, and clients can read all of it
 * - `stored`: nothing more will happen
 * - `failed`: nothing more will arrive; what has arrived can still be read
 */
export type DownloadStage = "queued" | "asked" | "arriving" | "proved" | "stored" | "failed";

/** How far a download has come, and how much of the blob may be sent: all but its last byte until the digest is proved. */
export class DownloadState {
  /** Its pieces in memory. Another instance means another file: what another process left may turn out to be wrong. */
  recent: RecentPieces | undefined;
  /** How often the file may have become another one: a reader of an earlier one must not go on in this one. */
  beginnings = 0;
  readonly #expected: number | undefined;
  readonly #waiting = new Set<() => void>();
  #stage: DownloadStage = "queued";
  #size: number | undefined;
  #readable = 0;
  #failure: Error | undefined;

  /** @param expected the size in the manifest, which may be wrong */
  constructor(expected: number | undefined) {
    this.#expected = expected;
  }

  get stage(): DownloadStage {
    return this.#stage;
  }

  /**
   * Bytes of the whole blob. `undefined` as long as clients cannot be told: before the upstream has answered, and
   * throughout if it announces no length, or another one than the manifest.
   */
  get size(): number | undefined {
    return this.#size;
  }

  /** Bytes that may be sent. */
  get readable(): number {
    return this.#readable;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get hasEnded(): boolean {
    return this.#stage === "stored" || this.#stage === "failed";
  }

  asked(): void {
    if (this.#stage === "queued") this.#enter("asked");
  }

  /**
   * The upstream has it, and sends. Only the first call counts, since clients were told that size.
   * @param announced bytes of the whole blob, as the upstream says
   */
  begin(announced: number | undefined): void {
    if (this.#stage !== "queued" && this.#stage !== "asked") return;
    this.#size = this.#expected === undefined || this.#expected === announced ? announced : undefined;
    this.#enter("arriving");
  }

  /** The file is empty, or another one: what clients have read of an earlier one may be no part of the blob. */
  beginAnew(): void {
    this.beginnings++;
    this.#readable = 0;
  }

  /** A client must never take a wrong blob for complete, so the last byte is held back. */
  arrived(bytes: number): void {
    this.#allow(this.#size === undefined ? bytes - 1 : Math.min(bytes, this.#size - 1));
  }

  /** @throws Error if clients were told another size */
  prove(size: number): void {
    if (this.#size !== undefined && size !== this.#size)
      throw new Error(`the blob has ${size} bytes, not ${this.#size}`);
    if (this.#stage === "queued" || this.#stage === "asked") this.#size = size;
    this.#enter("proved");
    this.#allow(size);
  }

  store(): void {
    this.#enter("stored");
  }

  fail(error: unknown): void {
    if (this.hasEnded) return;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#enter("failed");
  }

  /** Until the upstream was asked, or the download has ended. @throws the signal's reason */
  async untilAsked(signal: AbortSignal): Promise<void> {
    while (this.#stage === "queued") await this.#change(signal);
  }

  /** Until the upstream sends. @throws the failure, or the signal's reason */
  async untilArriving(signal: AbortSignal): Promise<void> {
    while (this.#stage === "queued" || this.#stage === "asked") await this.#change(signal);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Until more than the position may be sent, or all of it. @throws the failure, or the signal's reason */
  async untilReadable(position: number, signal: AbortSignal): Promise<void> {
    while (this.#readable <= position && !this.hasEnded) await this.#change(signal);
    if (this.#readable <= position && this.#failure !== undefined) throw this.#failure;
  }

  #enter(stage: DownloadStage): void {
    if (this.hasEnded) return;
    this.#stage = stage;
    this.#wakeAll();
  }

  #allow(bytes: number): void {
    if (bytes <= this.#readable) return;
    this.#readable = bytes;
    this.#wakeAll();
  }

  async #change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
