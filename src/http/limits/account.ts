/** What a client may use; `undefined` means no limit. */
export interface UseLimits {
  /** Requests per minute. After a quiet minute, a client may send that many at once. */
  readonly requests: number | undefined;
  /** Concurrent downloads and uploads of blobs. */
  readonly transfers: number | undefined;
  /** Bytes per second of all its blobs and manifests together. */
  readonly bandwidth: number | undefined;
}

const minuteMs = 60_000;

/** Usage of one client, counted against limits that may change at any moment. */
export class Account {
  readonly #owner: { readonly limits: UseLimits };
  /** When all admitted requests would have been sent at the allowed rate. */
  #requestsUntilMs = 0;
  /** When all transferred bytes would have been sent at the allowed rate. */
  #bytesUntilMs = 0;
  #transfers = 0;
  readonly #waiting = new Set<() => void>();

  constructor(owner: { readonly limits: UseLimits }) {
    this.#owner = owner;
  }

  get limits(): UseLimits {
    return this.#owner.limits;
  }

  /** How long the next request has to wait. */
  requestDelayMs(now: number): number {
    const { requests } = this.limits;
    if (requests === undefined) return 0;
    return Math.max(0, this.#requestsUntilMs - now - minuteMs + minuteMs / requests);
  }

  /** Counts a request that starts now, or after its delay. */
  countRequest(now: number): void {
    const { requests } = this.limits;
    if (requests !== undefined) this.#requestsUntilMs = Math.max(now, this.#requestsUntilMs) + minuteMs / requests;
  }

  /** How long the client's next bytes have to wait. */
  byteDelayMs(now: number): number {
    return this.limits.bandwidth === undefined ? 0 : Math.max(0, this.#bytesUntilMs - now);
  }

  countBytes(bytes: number, now: number): void {
    const { bandwidth } = this.limits;
    if (bandwidth !== undefined) this.#bytesUntilMs = Math.max(now, this.#bytesUntilMs) + (bytes * 1_000) / bandwidth;
  }

  get hasTransferLeft(): boolean {
    return this.#transfers < (this.limits.transfers ?? Infinity);
  }

  beginTransfer(): void {
    this.#transfers++;
  }

  endTransfer(): void {
    this.#transfers--;
    this.wake();
  }

  /** Runs the action when a transfer may have become free. @returns a function that ends the wait */
  whenTransferLeft(action: () => void): () => void {
    this.#waiting.add(action);
    return () => this.#waiting.delete(action);
  }

  /** Makes waiting requests check again, the longest waiting first. */
  wake(): void {
    if (this.#waiting.size === 0) return;
    for (const action of [...this.#waiting]) {
      if (!this.hasTransferLeft) return;
      this.#waiting.delete(action);
      action();
    }
  }
}
