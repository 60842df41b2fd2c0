import { collectBeside, planCollection } from "../../src/maintenance/collect.js";
import type { Collection } from "../../src/maintenance/collection-report.js";
import type { CollectionTimes } from "../../src/maintenance/unneeded-content.js";
import type { StorageDriver } from "../../src/storage/driver.js";
import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { collectionSettings, RecordedCollection } from "./garbage.js";
import { PoorDriver } from "./poor-driver/poor-driver.js";
import { RecordedLog } from "./recorded-log.js";

export const hour = 60 * 60_000;

/** Makes a driver whose objects are dated by a clock. */
export type MakeDriver = (now: () => number) => StorageDriver;

export const timedDrivers: Readonly<Record<string, MakeDriver>> = {
  memory: (now) => new MemoryDriver(now),
  "a poor driver": (now) => new PoorDriver({ now, listLagMs: 2 }),
};

/** A storage in which time passes as the test says. It begins a year ago. */
export class TimedStorage {
  readonly storage: Storage;
  #nowMs = Date.now() - 365 * 24 * hour;

  constructor(make: MakeDriver = (now) => new MemoryDriver(now)) {
    this.storage = new Storage(
      make(() => this.#nowMs),
      0,
      new RecordedLog(),
    );
    this.storage.contentLinks.claimMs = 8 * hour;
  }

  /** The settings: a claim is safe for an eighth longer than the 8 hours that clients get. */
  get times(): CollectionTimes {
    return { grace: hour, claim: this.storage.contentLinks.safeMs, trash: 24 * hour };
  }

  passes(ms: number): void {
    this.#nowMs += ms;
  }

  /** Collects as beside a server. */
  async collect({
    deleteUntagged = false,
    times = this.times,
  } = {}): Promise<Collection & { report: RecordedCollection }> {
    await this.storage.listsSettled();
    const report = new RecordedCollection();
    const collection = await collectBeside(this.storage, collectionSettings(report, times, deleteUntagged));
    await this.storage.listsSettled();
    return { ...collection, report };
  }

  /** Says what a collection would do now, if nothing else used the storage. */
  async plan({ deleteUntagged = false } = {}): Promise<Collection & { report: RecordedCollection }> {
    await this.storage.listsSettled();
    const report = new RecordedCollection();
    const settings = collectionSettings(report, this.times, deleteUntagged);
    return { ...(await planCollection(this.storage, settings, this.#nowMs)), report };
  }
}
