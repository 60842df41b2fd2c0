import type { Config } from "../config/schema.js";
import { UploadPurge } from "../maintenance/upload-purge.js";
import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";

/** What is done from time to time for a data directory: by one process, however many serve it. */
export class Housekeeping {
  readonly #purge: UploadPurge;

  constructor(storage: Storage, config: Config, log: Logger) {
    this.#purge = new UploadPurge(storage, config.private.uploads, log);
  }

  stop(): void {
    this.#purge.stop();
  }
}
