import type { Config } from "../config/schema.js";
import type { EventSender } from "../events/event-sender.js";
import { CollectionSchedule } from "../maintenance/collection-schedule.js";
import type { CheckSchedule } from "../maintenance/fsck/check-schedule.js";
import { UploadPurge } from "../maintenance/upload-purge.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import type { RetentionSchedule } from "../retention/retention-schedule.js";
import type { Storage } from "../storage/storage.js";
import { adoptRegistry2Cache } from "./adopt-registry2-cache.js";
import { checkScheduleOf } from "./check-schedule.js";
import { collectionTimesOf } from "./collection-times.js";
import { collectionEventsOf, eventSendersOf } from "./events.js";
import { retentionScheduleOf } from "./retention.js";

interface HousekeepingParts {
  readonly storage: Storage;
  readonly metrics?: Metrics | undefined;
  readonly log: Logger;
}

/**
 * Tasks that one process does for a data directory, however many serve. Eviction is not among them: each process counts
 * what it adds to the cache and records what it served, and one at a time makes room.
 */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #purge: UploadPurge;
  #collections: CollectionSchedule;
  #checks: CheckSchedule;
  #retention: RetentionSchedule;
  /** Those of the configuration that holds; one change at a time. */
  #senders: Promise<readonly EventSender[]>;

  /** Does what must be done before serving, and starts the periodic tasks. */
  static async begin(config: Config, parts: HousekeepingParts): Promise<Housekeeping> {
    await adoptRegistry2Cache(config, parts.storage, parts.log);
    return new Housekeeping(config, parts);
  }

  private constructor(config: Config, parts: HousekeepingParts) {
    this.#parts = parts;
    this.#purge = this.#purgeOf(config);
    this.#collections = this.#collectionsOf(config);
    this.#checks = this.#checksOf(config);
    this.#retention = retentionScheduleOf(config, parts);
    this.#senders = this.#startSenders(config);
  }

  reconfigure(config: Config): void {
    this.#purge.stop();
    this.#purge = this.#purgeOf(config);
    void this.#collections.stop();
    this.#collections = this.#collectionsOf(config);
    void this.#checks.stop();
    this.#checks = this.#checksOf(config);
    void this.#retention.stop();
    this.#retention = retentionScheduleOf(config, this.#parts);
    this.#senders = this.#senders.then(stopAll).then(() => this.#startSenders(config));
  }

  async stop(): Promise<void> {
    this.#purge.stop();
    await this.#collections.stop();
    await this.#checks.stop();
    await this.#retention.stop();
    await this.#senders.then(stopAll);
  }

  #purgeOf({ private: { uploads } }: Config): UploadPurge {
    const { storage, metrics, log } = this.#parts;
    return new UploadPurge(storage, uploads, log, metrics?.stored);
  }

  #collectionsOf(config: Config): CollectionSchedule {
    const { storage, metrics, log } = this.#parts;
    const { every, window, share } = config.maintenance.gc;
    const settings = { every, times: collectionTimesOf(config), window, share };
    const events = collectionEventsOf(config, { storage, metrics: metrics?.events, log });
    const observers = metrics === undefined ? [events] : [metrics.stored, events];
    const collections = new CollectionSchedule(storage, settings, log, observers);
    collections.start();
    return collections;
  }

  #checksOf(config: Config): CheckSchedule {
    const checks = checkScheduleOf(config, this.#parts);
    checks.start();
    return checks;
  }

  async #startSenders(config: Config): Promise<readonly EventSender[]> {
    const { storage, metrics, log } = this.#parts;
    try {
      const senders = await eventSendersOf(config, { storage, metrics: metrics?.events, log });
      for (const sender of senders) sender.start();
      return senders;
    } catch (cause) {
      log.error("events are not sent", { cause });
      return [];
    }
  }
}

async function stopAll(senders: readonly EventSender[]): Promise<void> {
  await Promise.all(senders.map((sender) => sender.stop()));
}
