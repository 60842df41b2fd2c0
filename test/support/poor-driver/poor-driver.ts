import { setTimeout as delay } from "node:timers/promises";
import type { BlobReader } from "../../../src/oci/blob-reader.js";
import { StorageError } from "../../../src/oci/storage-error.js";
import {
  type LockOptions,
  lookThenWrite,
  type MachineWork,
  type NamesWanted,
  type ObjectStat,
  type StorageDriver,
} from "../../../src/storage/driver.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { MemoryStaging } from "../../../src/storage/drivers/memory/memory-staging.js";
import { Tombstones } from "../../../src/storage/drivers/tombstones.js";
import { type ManyReads, oneByOne } from "../../../src/storage/many-reads.js";
import type { ObjectContent } from "../../../src/storage/staging.js";
import { LaggingLists } from "./lagging-lists.js";

export interface PoorDriverOptions {
  /** How old a list may be, in milliseconds. */
  readonly listLagMs?: number;
  /** Milliseconds that each list takes. */
  readonly listTakesMs?: number;
  /** Whether the answer to a change is lost, so that it looks like a failure although the change was made. */
  readonly losesAnswer?: (key: string) => boolean;
  /** The time at which objects are written, in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The poorest bucket there may be: only keys, no rename, no conditional writes, one object per request, lists that are
 * slow and lag behind, and lost answers. What works on it works on any storage.
 */
export class PoorDriver implements StorageDriver {
  readonly conditional = undefined;
  readonly listLagMs: number;
  readonly staging: MemoryStaging;
  readonly machine: MachineWork = this;
  readonly many: ManyReads = oneByOne(this);
  readonly withdrawal = new Tombstones(this, { lookEachMs: 2, giveUpAfterMs: 10_000 });
  readonly #objects: MemoryDriver;
  readonly #lists: LaggingLists;
  readonly #listTakesMs: number;
  readonly #losesAnswer: (key: string) => boolean;
  #workers = 0;

  constructor({ listLagMs = 15, listTakesMs = 1, losesAnswer = () => false, now }: PoorDriverOptions = {}) {
    this.#objects = new MemoryDriver(now);
    this.staging = new MemoryStaging((...objects) => this.write(...objects), now);
    this.listLagMs = listLagMs;
    this.#lists = new LaggingLists(listLagMs);
    this.#listTakesMs = listTakesMs;
    this.#losesAnswer = losesAnswer;
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    await request();
    return this.#objects.stat(key);
  }

  async read(...asked: Parameters<StorageDriver["read"]>): Promise<Buffer | undefined> {
    await request();
    return this.#objects.read(...asked);
  }

  async openRead(key: string): Promise<BlobReader | undefined> {
    await request();
    return this.#objects.openRead(key);
  }

  async write(...objects: readonly ObjectContent[]): Promise<void> {
    for (const object of objects) {
      await request();
      await this.#objects.write(object);
      this.#lists.noteWritten(object.key);
      this.#answer(object.key);
    }
  }

  async remove(...keys: readonly string[]): Promise<void> {
    for (const each of keys) {
      for (const key of this.#lists.keysBelow(each)) {
        await request();
        await this.#objects.remove(key);
        this.#lists.noteRemoved(key);
        this.#answer(key);
      }
    }
  }

  async list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    await delay(this.#listTakesMs);
    return this.#lists.list(key, wanted);
  }

  async listVersion(): Promise<undefined> {
    return undefined;
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    return this.#objects.withLock(name, action, options);
  }

  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return lookThenWrite(this, name, objects, look);
  }

  async markWork(): Promise<() => Promise<void>> {
    this.#workers++;
    return async () => void this.#workers--;
  }

  async isWorkedOn(): Promise<boolean> {
    return this.#workers > 0;
  }

  #answer(key: string): void {
    if (this.#losesAnswer(key)) throw new StorageError("unavailable", `the answer to a change of ${key} was lost`);
  }
}

/** Other calls can run between any two requests. */
function request(): Promise<void> {
  return new Promise(setImmediate);
}
