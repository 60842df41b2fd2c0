import type { Logger } from "../observability/logger.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** Notified of each search for abandoned uploads. */
export interface PurgeObserver {
  /** @param succeeded `false` if the search was aborted */
  purged(succeeded: boolean): void;
}

export interface PurgeSettings {
  /** Milliseconds without a byte after which an upload session counts as abandoned. */
  readonly expire: number;
  readonly purgeInterval: number;
}

/** Removes abandoned upload sessions from time to time while Berth runs. */
export class UploadPurge {
  readonly #storage: Storage;
  readonly #settings: PurgeSettings;
  readonly #log: Logger;
  readonly #observer: PurgeObserver | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(storage: Storage, settings: PurgeSettings, log: Logger, observer?: PurgeObserver) {
    this.#storage = storage;
    this.#settings = settings;
    this.#log = log;
    this.#observer = observer;
    this.#timer = setInterval(() => void this.#run(), settings.purgeInterval).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #run(): Promise<void> {
    try {
      await purgeUploads(this.#storage, steadyNow() - this.#settings.expire, this.#log);
      this.#observer?.purged(true);
    } catch (cause) {
      this.#log.error("abandoned uploads could not be purged", { cause });
      this.#observer?.purged(false);
    }
  }
}

/**
 * The time in milliseconds since 1970, or an earlier one if the clock has jumped ahead while Berth runs: active
 * sessions would all look abandoned.
 */
function steadyNow(): number {
  return Math.min(Date.now(), performance.timeOrigin + performance.now());
}

/** Removes every session that has received nothing since then, in milliseconds since 1970. */
export async function purgeUploads(storage: Storage, since: number, log: Logger): Promise<void> {
  for await (const name of storage.uploads.repositories()) {
    for (const id of await storage.uploads.list(name)) {
      try {
        await purgeUpload(storage, name, id, since, log);
      } catch (cause) {
        log.error("abandoned upload could not be purged", { repository: name, id, cause });
      }
    }
  }
}

async function purgeUpload(
  storage: Storage,
  name: RepositoryName,
  id: string,
  since: number,
  log: Logger,
): Promise<void> {
  const isAbandoned = async () => ((await storage.uploads.lastUse(name, id)) ?? 0) < since;
  if (!(await isAbandoned())) return;
  await storage.uploads.locked(id, async () => {
    // It may have been continued while this waited.
    if (!(await isAbandoned())) return;
    await storage.uploads.purge(name, id);
    log.info("abandoned upload purged", { repository: name, id });
  });
}
