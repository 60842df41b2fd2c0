/** What a client may use; `undefined` for no limit. */
export interface UseLimits {
  /** Requests per minute. A client that was quiet may send those of a minute at once. */
  readonly requests: number | undefined;
  /** Blobs that are downloaded or uploaded at once. */
  readonly transfers: number | undefined;
  /** Bytes per second, of all its blobs together. */
  readonly bandwidth: number | undefined;
}

const minuteMs = 60_000;

/** What one client uses now, counted against limits that may change at any moment. */
export class Account {
  readonly #owner: { readonly limits: UseLimits };
  /** When all requests that were admitted would be over at the allowed rate. */
  #requestsUntilMs = 0;
  /** When all bytes that were sent and received would be through at the allowed rate. */
  #bytesUntilMs = 0;
  #transfers = 0;
  readonly #waiting = new Set<() => void>();

  constructor(owner: { readonly limits: UseLimits }) {
    this.#owner = owner;
  }

  get limits(): UseLimits {
    return this.#owner.limits;
  }

  /** How long one more request has to wait. */
  requestDelayMs(now: number): number {
    const { requests } = this.limits;
    if (requests === undefined) return 0;
    return Math.max(0, this.#requestsUntilMs - now - minuteMs + minuteMs / requests);
  }

  /** Counts a request that begins now, or after its delay. */
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

  /** Has the action run when a transfer may have become free. @returns what ends the wait */
  whenTransferLeft(action: () => void): () => void {
    this.#waiting.add(action);
    return () => this.#waiting.delete(action);
  }

  /** Those that wait look again, the longest waiting first. */
  wake(): void {
    for (const action of [...this.#waiting]) {
      if (!this.hasTransferLeft) return;
      this.#waiting.delete(action);
      action();
    }
  }
}
