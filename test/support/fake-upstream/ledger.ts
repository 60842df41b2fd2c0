import { type FakeRequest, matches, type RequestMatch } from "./request.js";

/** One request and its outcome. */
export interface LedgerEntry {
  readonly request: FakeRequest;
  /** 0 until there is a response. */
  status: number;
  /** Bytes of the body that the connection accepted. */
  bytes: number;
}

/** Every request that a fake upstream received. */
export class Ledger {
  #entries: LedgerEntry[] = [];

  enter(request: FakeRequest): LedgerEntry {
    const entry = { request, status: 0, bytes: 0 };
    this.#entries.push(entry);
    return entry;
  }

  /** Forgets everything so far. */
  clear(): void {
    this.#entries = [];
  }

  entries(match: RequestMatch = {}): readonly LedgerEntry[] {
    return this.#entries.filter(({ request }) => matches(request, match));
  }

  count(match: RequestMatch = {}): number {
    return this.entries(match).length;
  }

  bytes(match: RequestMatch = {}): number {
    return this.entries(match).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The last request of a kind. */
  last(match: RequestMatch = {}): FakeRequest {
    const entry = this.entries(match).at(-1);
    if (!entry) throw new Error("there was no such request");
    return entry.request;
  }
}
