import type { Config } from "../config/schema.js";
import type { PurgeObserver } from "../maintenance/purge-observer.js";
import { UploadPurge } from "../maintenance/upload-purge.js";
import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";
import { adoptRegistry2Cache } from "./adopt-registry2-cache.js";

/**
 * Tasks that one process does for a data directory, however many serve. Eviction is not among them: each process counts
 * what it adds to the cache and records what it served, and one at a time makes room.
 */
export class Housekeeping {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #observer: PurgeObserver | undefined;
  #purge: UploadPurge;

  /** Does what must be done before serving, and starts the periodic tasks. */
  static async begin(storage: Storage, config: Config, log: Logger, observer?: PurgeObserver): Promise<Housekeeping> {
    await adoptRegistry2Cache(config, storage, log);
    return new Housekeeping(storage, config, log, observer);
  }

  private constructor(storage: Storage, config: Config, log: Logger, observer: PurgeObserver | undefined) {
    this.#storage = storage;
    this.#log = log;
    this.#observer = observer;
    this.#purge = new UploadPurge(storage, config.private.uploads, log, observer);
  }

  reconfigure(config: Config): void {
    this.#purge.stop();
    this.#purge = new UploadPurge(this.#storage, config.private.uploads, this.#log, this.#observer);
  }

  stop(): void {
    this.#purge.stop();
  }
}
