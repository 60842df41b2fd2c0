import { isOutOfRoom } from "../../oci/storage-error.js";
import type { Storage } from "../../storage/storage.js";
import type { Interest } from "../../upstream/limits/interest.js";

/** How much may be kept of what arrives. */
export interface CacheRoom {
  /** Bytes of the largest blob that may be kept at all. */
  readonly largest: number;
  /** Bytes that may still be kept before something has to go. */
  left(): number;
  /** Frees so many bytes, if it may, and tells how many it has freed. */
  makeRoom(bytes: number): Promise<number>;
}

/** Not for want of room: it would take that of everything else. Whoever wants it gets it without it being kept. */
export class TooLargeToKeepError extends Error {
  override readonly name = "TooLargeToKeepError";
}

/** Whether the client gets it all the same, and nothing is kept. */
export function cannotBeKept(error: unknown): boolean {
  return isOutOfRoom(error) || error instanceof TooLargeToKeepError;
}

/** @throws TooLargeToKeepError */
export function refuseLarger(announced: number | undefined, { largest }: CacheRoom): void {
  if (announced === undefined || announced <= largest) return;
  throw new TooLargeToKeepError(`a blob of ${announced} bytes is larger than the cache may be`);
}

interface ArrivingBlob {
  /** Bytes that it has, if anybody told. */
  readonly expected: number | undefined;
  /** Bytes of it that are here. */
  readonly arrived: number;
}

/** How far a blob goes on whose end nobody knows, when nobody waits for it. */
const unwatchedBytes = 8 * 1024 * 1024;

/**
 * Keeps a blob that arrives within what it was said to have, or else within the room that is left: an endless one, or
 * one that is longer than it was said to be, is no reason to let go of anything.
 */
export class ArrivalBound {
  readonly #storage: Storage;
  readonly #room: CacheRoom;
  readonly #interest: Interest;
  readonly #expected: number;
  #arrived: number;
  #counted = 0;

  /** @param interest whether anybody waits for the blob */
  constructor({ storage, room }: { storage: Storage; room: CacheRoom }, interest: Interest, blob: ArrivingBlob) {
    this.#storage = storage;
    this.#room = room;
    this.#interest = interest;
    this.#expected = blob.expected ?? 0;
    this.#arrived = blob.arrived;
  }

  /** Bytes for which others may have to go. */
  get missing(): number {
    return this.#expected > this.#room.largest ? 0 : Math.max(0, this.#expected - this.#arrived);
  }

  /** @throws TooLargeToKeepError, or an Error if nobody waits for what may have no end */
  admit(bytes: number): void {
    this.#arrived += bytes;
    if (this.#arrived <= this.#expected) {
      this.#counted += bytes;
      this.#storage.noteArriving(bytes);
      return;
    }
    if (!this.#interest.isWatched && this.#arrived > unwatchedBytes) {
      throw new Error(`nobody waits for a blob of which ${this.#arrived} bytes came, and whose end nobody knows`);
    }
    if (this.#arrived - this.#counted > this.#room.left()) {
      throw new TooLargeToKeepError(`${this.#arrived} bytes came of a blob of ${this.#expected || "unknown"} bytes`);
    }
  }

  /** What arrived is stored now, or dropped. */
  release(): void {
    this.#storage.noteArriving(-this.#counted);
    this.#counted = 0;
  }
}
