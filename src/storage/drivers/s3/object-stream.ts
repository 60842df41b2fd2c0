import type { ReceivedObject } from "./plain-gets.js";
import type { ByteReceiver } from "./receiving/byte-source.js";
import { type Piece, type SharedSource, StreamCursor } from "./stream-cursor.js";

/** Bytes that arrive before any reader has asked for them. */
const mostAhead = 128 * 1024;

/** How long the readers at the front wait, once, for one that falls behind. */
const patienceMs = 50;

/** What a stream is told by whoever opens it. */
export interface StreamTerms {
  /** Where it begins and ends in the object; the end is exclusive. */
  readonly start: number;
  readonly end: number;
  /** How many bytes it may hold for readers that are behind, now. */
  window(): number;
  /** Whether its beginning is held for readers that are still to come. */
  isJoinable(): boolean;
  /** It has no reader any more, and is closed. */
  closed(): void;
}

/**
 * Bytes of an object on their way from the store, for any number of readers. They get them at the speed of the fastest;
 * one that falls behind by more than a window must continue with a request of its own.
 */
export class ObjectStream implements SharedSource, ByteReceiver {
  readonly object: ReceivedObject;
  readonly #terms: StreamTerms;
  readonly #cursors = new Set<StreamCursor>();
  /** Without gaps, from `#windowStart` to `#received`. */
  readonly #pieces: Piece[] = [];
  #windowStart: number;
  #received: number;
  #failure: Error | undefined;
  #isClosed = false;
  #isFlowing = false;
  #patience: NodeJS.Timeout | undefined;
  #leavesBehind = false;

  constructor(object: ReceivedObject, terms: StreamTerms) {
    this.object = object;
    this.#terms = terms;
    this.#windowStart = terms.start;
    this.#received = terms.start;
    object.source.start(this);
  }

  /** Exclusive. */
  get end(): number {
    return this.#terms.end;
  }

  /** Whether a reader can begin there. */
  covers(position: number): boolean {
    if (this.#isClosed || this.#failure !== undefined || position >= this.end) return false;
    return position >= this.#windowStart && position <= this.#received;
  }

  holds(cursor: StreamCursor): boolean {
    if (this.#isClosed) return false;
    return this.#cursors.has(cursor) && (this.#failure === undefined || cursor.position < this.#received);
  }

  /** @returns a cursor that gets nothing here if the position is no longer covered */
  join(position: number): StreamCursor {
    const cursor = new StreamCursor(this, position);
    if (this.covers(position)) this.#cursors.add(cursor);
    return cursor;
  }

  leave(cursor: StreamCursor): void {
    this.#cursors.delete(cursor);
    if (this.#cursors.size > 0) this.#flow();
    else this.#close();
  }

  serve(cursor: StreamCursor): void {
    for (const piece of this.#pieces) cursor.take(piece);
    if (this.#received === this.end || this.#failure !== undefined) cursor.settle(this.#failure);
    this.#flow();
  }

  received(bytes: Buffer, release: () => void): void {
    if (this.#failure !== undefined) {
      release();
      return;
    }
    const piece = { start: this.#received, bytes, release };
    this.#received += bytes.length;
    this.#pieces.push(piece);
    for (const cursor of this.#cursors) cursor.take(piece);
    if (this.#received >= this.end) this.ended();
    else this.#flow();
  }

  /** What has arrived before a failure can still be read. */
  ended(failure?: Error): void {
    if (this.#failure !== undefined || (failure !== undefined && this.#received === this.end)) return;
    if (this.#received !== this.end) this.#failure = failure ?? new Error("the store sent less than was announced");
    if (this.#received > this.end) this.#failure = new Error("the store sent more than was announced");
    for (const cursor of this.#cursors) cursor.settle(this.#failure);
    this.#trim();
    clearTimeout(this.#patience);
  }

  #flow(): void {
    if (this.#isClosed) return;
    this.#trim();
    if (this.#failure !== undefined) return;
    const mayFlow = this.#mayReceive();
    if (mayFlow === this.#isFlowing) return;
    this.#isFlowing = mayFlow;
    if (mayFlow) this.object.source.resume();
    else this.object.source.pause();
  }

  #mayReceive(): boolean {
    const { slowest, fastest, isWaitedFor } = this.#spread();
    if (!isWaitedFor && this.#received - fastest >= Math.min(mostAhead, this.#terms.window())) return false;
    return !this.#waitsForSlowest(slowest);
  }

  #spread(): { readonly slowest: number; readonly fastest: number; readonly isWaitedFor: boolean } {
    const spread = { slowest: this.#received, fastest: this.#windowStart, isWaitedFor: false };
    for (const { position, isWaiting } of this.#cursors) {
      spread.slowest = Math.min(spread.slowest, position);
      spread.fastest = Math.max(spread.fastest, position);
      spread.isWaitedFor ||= isWaiting;
    }
    return spread;
  }

  /** Readers of one speed hardly differ by a window; for one that does, the others wait a moment, and then no more. */
  #waitsForSlowest(slowest: number): boolean {
    if (this.#received - slowest < this.#terms.window()) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
      return false;
    }
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#leavesBehind = this.#spread().isWaitedFor;
      this.#flow();
    }, patienceMs);
    return true;
  }

  /** Drops what nobody will read here. */
  #trim(): void {
    const behind = this.#received - this.#terms.window() / 2;
    if (this.#leavesBehind)
      for (const cursor of this.#cursors) if (cursor.position < behind) this.#cursors.delete(cursor);
    this.#leavesBehind = false;
    const first = this.#holdsBeginning() ? this.#terms.start : this.#spread().slowest;
    let [piece] = this.#pieces;
    for (; piece !== undefined && piece.start + piece.bytes.length <= first; [piece] = this.#pieces) {
      this.#pieces.shift();
      piece.release();
    }
    this.#windowStart = piece?.start ?? this.#received;
  }

  #holdsBeginning(): boolean {
    const isHeld =
      this.#windowStart === this.#terms.start && this.#received - this.#terms.start <= this.#terms.window();
    return isHeld && this.#terms.isJoinable();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failure ??= new Error("the stream was closed");
    clearTimeout(this.#patience);
    this.object.source.destroy();
    for (const { release } of this.#pieces.splice(0)) release();
    this.#terms.closed();
  }
}
