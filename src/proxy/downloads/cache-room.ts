import { isOutOfRoom } from "../../oci/storage-error.js";
import type { Storage } from "../../storage/storage.js";
import type { Demand } from "../../upstream/limits/demand.js";

/** How much of what arrives may be stored. */
export interface CacheRoom {
  /** Bytes of the largest blob that may be stored at all. */
  readonly largest: number;
  /** Bytes that may still be stored before something must be deleted. */
  left(): number;
  /** Frees bytes, if allowed, and returns how many. */
  makeRoom(bytes: number): Promise<number>;
  /** Waits while something is deleted from a cache that is too large: so only what is arriving is ever too much. */
  belowLimit(): Promise<void>;
}

/** Not a lack of space: the blob would displace everything else. Clients get it, but it is not stored. */
export class TooLargeToKeepError extends Error {
  override readonly name = "TooLargeToKeepError";
}

/** Whether the client still gets the blob, although it is not stored. */
export function cannotBeKept(error: unknown): boolean {
  return isOutOfRoom(error) || error instanceof TooLargeToKeepError;
}

/** @throws TooLargeToKeepError */
export function refuseLarger(announced: number | undefined, { largest }: CacheRoom): void {
  if (announced === undefined || announced <= largest) return;
  throw new TooLargeToKeepError(`a blob of ${announced} bytes is larger than the maximum size of the cache`);
}

interface ArrivingBlob {
  /** Its size in bytes, if known. */
  readonly expected: number | undefined;
  /** Bytes stored so far. */
  readonly arrived: number;
}

/** How far a blob of unknown size is downloaded when no client waits for it. */
const unwatchedBytes = 8 * 1024 * 1024;

/**
 * Limits an arriving blob to its announced size, or else to the room that is left: an endless blob, or one that is
 * longer than announced, must not displace other content.
 */
export class ArrivalBound {
  readonly #storage: Storage;
  readonly #room: CacheRoom;
  readonly #demand: Demand;
  readonly #expected: number;
  #arrived: number;
  #counted = 0;

  /** @param demand whether a client waits for the blob */
  constructor({ storage, room }: { storage: Storage; room: CacheRoom }, demand: Demand, blob: ArrivingBlob) {
    this.#storage = storage;
    this.#room = room;
    this.#demand = demand;
    this.#expected = blob.expected ?? 0;
    this.#arrived = blob.arrived;
  }

  /** Bytes for which other content may have to be deleted. */
  get missing(): number {
    return this.#expected > this.#room.largest ? 0 : Math.max(0, this.#expected - this.#arrived);
  }

  /** @throws TooLargeToKeepError, or an Error if no client waits for a blob of unknown size */
  admit(bytes: number): void {
    this.#arrived += bytes;
    if (this.#arrived <= this.#expected) {
      this.#counted += bytes;
      this.#storage.noteArriving(bytes);
      return;
    }
    if (!this.#demand.isWatched && this.#arrived > unwatchedBytes) {
      throw new Error(`no client waits for a blob of unknown size of which ${this.#arrived} bytes arrived`);
    }
    if (this.#arrived - this.#counted > this.#room.left()) {
      throw new TooLargeToKeepError(`${this.#arrived} bytes arrived of a blob of ${this.#expected || "unknown"} bytes`);
    }
  }

  /** The arrived bytes are now stored, or deleted. */
  release(): void {
    this.#storage.noteArriving(-this.#counted);
    this.#counted = 0;
  }
}
