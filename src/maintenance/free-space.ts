import type { Logger } from "../observability/logger.js";
import { bytesOfPart, type DiskPart } from "../storage/disk-room.js";
import type { Storage } from "../storage/storage.js";
import { emptyTrash } from "./empty-trash.js";

const lookEachMs = 1_000;

/** Frees space for some time, not only for the next second. */
const freedBeyond = 0.1;

/** A file system may show only after a while what was deleted: not more must be deleted meanwhile. */
const shownAfterMs = 3_000;

/** The pause after everything was deleted that could be. */
const nothingLeftMs = 60_000;

export interface FreeSpaceParts {
  readonly storage: Storage;
  readonly minFree: DiskPart;
  /** Deletes cached content, if there is any, and returns the bytes that it freed. */
  evict(bytes: number): Promise<number>;
  readonly log: Logger;
}

/** Keeps a part of the disk free, even if another program fills it: empties the trash first, then lets the cache shrink. */
export class FreeSpace {
  readonly #parts: FreeSpaceParts;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;
  /** Of the disk, in bytes, at the last look. */
  #known = { size: Number.POSITIVE_INFINITY, left: Number.POSITIVE_INFINITY };

  constructor(parts: FreeSpaceParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#look(), lookEachMs).unref();
    this.#look();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Bytes that can be stored at all while the part stays free. */
  get largest(): number {
    return this.#known.size;
  }

  /** Bytes that could be stored at the last look before something had to be deleted. */
  get left(): number {
    return this.#known.left;
  }

  #look(): void {
    this.#running ??= this.#keep()
      .catch((cause: unknown) => this.#parts.log.error("space could not be freed", { cause }))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #keep(): Promise<void> {
    const { storage, minFree, log } = this.#parts;
    const room = await storage.room();
    if (room === undefined) return;
    const wanted = bytesOfPart(minFree, room);
    this.#known = { size: room.size - wanted, left: room.free - wanted };
    if (this.#known.left >= 0 || performance.now() < this.#notBeforeMs) return;
    const bytes = wanted * (1 + freedBeyond) - room.free;
    const freed = await this.#free(bytes);
    const report = { minFree: Math.round(wanted), free: room.free, freed };
    if (freed >= -this.#known.left) log.info("made room on the disk", report);
    else log.warn("the disk has less free space than proxy.minFree, and nothing is left that may be deleted", report);
    const pauseMs = freed > 0 ? shownAfterMs : nothingLeftMs;
    this.#notBeforeMs = performance.now() + pauseMs;
  }

  async #free(bytes: number): Promise<number> {
    const { storage, evict } = this.#parts;
    const freed = await emptyTrash(storage, bytes);
    return freed >= bytes ? freed : freed + (await evict(bytes - freed));
  }
}
