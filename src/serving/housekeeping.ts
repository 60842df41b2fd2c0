import type { Config } from "../config/schema.js";
import type { EventSender } from "../events/event-sender.js";
import { Schedule } from "../maintenance/schedule.js";
import { ScheduledCollection } from "../maintenance/scheduled-collection.js";
import { UploadPurge } from "../maintenance/upload-purge.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
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
  #schedules: readonly Schedule[];
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
    this.#schedules = this.#schedulesOf(config);
    this.#senders = this.#startSenders(config);
  }

  reconfigure(config: Config): void {
    this.#purge.stop();
    this.#purge = this.#purgeOf(config);
    void stopAll(this.#schedules);
    this.#schedules = this.#schedulesOf(config);
    this.#senders = this.#senders.then(stopAll).then(() => this.#startSenders(config));
  }

  async stop(): Promise<void> {
    this.#purge.stop();
    await stopAll(this.#schedules);
    await this.#senders.then(stopAll);
  }

  #purgeOf({ private: { uploads } }: Config): UploadPurge {
    const { storage, metrics, log } = this.#parts;
    return new UploadPurge(storage, uploads, log, metrics?.stored);
  }

  #schedulesOf(config: Config): readonly Schedule[] {
    return [
      this.#collectionsOf(config),
      checkScheduleOf(config, this.#parts),
      retentionScheduleOf(config, this.#parts),
    ];
  }

  #collectionsOf(config: Config): Schedule {
    const { storage, metrics, log } = this.#parts;
    const { every, window, share } = config.maintenance.gc;
    const settings = { times: collectionTimesOf(config), share };
    const events = collectionEventsOf(config, { storage, metrics: metrics?.events, log });
    const observers = metrics === undefined ? [events] : [metrics.stored, events];
    return new Schedule(new ScheduledCollection(storage, settings, log, observers), { every, window });
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

async function stopAll(running: readonly (EventSender | Schedule)[]): Promise<void> {
  await Promise.all(running.map((each) => each.stop()));
}
