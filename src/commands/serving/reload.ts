import { type ConfigChanges, changesBetween } from "../../config/changes.js";
import { ConfigWatch } from "../../config/config-watch.js";
import type { LoadedConfig } from "../../config/load.js";
import { ConfigError, showPath } from "../../config/problem.js";
import type { Config } from "../../config/schema.js";
import type { Logger } from "../../observability/logger.js";
import type { FlushableLogger } from "../../observability/winston-logger.js";

const signalled = "SIGHUP";

interface Serving {
  /** @throws if Berth cannot serve by it; then it must go on by the one before */
  apply(config: Config): Promise<void>;
  readonly log: FlushableLogger;
}

/**
 * Takes over what changes in the configuration while Berth serves: at SIGHUP, and when its file has changed. It hears
 * the signal from its making on, since a process that does not is ended by it, and answers when Berth serves.
 */
export class Reload {
  readonly #load: () => Promise<LoadedConfig>;
  readonly #file: string | undefined;
  readonly #onSignal = () => this.#reload(signalled);
  #config: Config;
  #watch: ConfigWatch | undefined;
  #begin: (serving: Serving) => void = () => {};
  readonly #serving = new Promise<Serving>((resolve) => {
    this.#begin = resolve;
  });
  /** One after another. */
  #running: Promise<void> = Promise.resolve();

  /** @param load reads the configuration again */
  constructor({ config, file }: LoadedConfig, load: () => Promise<LoadedConfig>) {
    this.#config = config;
    this.#file = file;
    this.#load = load;
    process.on(signalled, this.#onSignal);
  }

  begin(serving: Serving): void {
    this.#begin(serving);
    if (this.#file !== undefined) this.#watch = new ConfigWatch(this.#file, () => this.#reload("its file has changed"));
  }

  /** The one that holds. */
  get config(): Config {
    return this.#config;
  }

  stop(): void {
    this.#watch?.close();
    process.off(signalled, this.#onSignal);
  }

  #reload(reason: string): void {
    this.#running = this.#running.then(() => this.#tryReload(reason));
  }

  async #tryReload(reason: string): Promise<void> {
    const { apply, log } = await this.#serving;
    try {
      const { config } = await this.#load();
      const changes = changesBetween(this.#config, config);
      // Also where nothing is written in another way: files that it names, certificates for one, may be new.
      await apply(changes.effective);
      this.#config = changes.effective;
      log.reconfigure(changes.effective.log);
      // A file may be touched, or already be known from the signal.
      if (reason === signalled || changes.now.length + changes.afterRestart.length > 0) tell(reason, changes, log);
    } catch (cause) {
      tellFailure(reason, cause, log);
    }
  }
}

function tell(reason: string, { now, afterRestart }: ConfigChanges, log: Logger): void {
  log.info("configuration taken over", { reason, changed: now.join(" ") || "nothing" });
  if (afterRestart.length === 0) return;
  log.warn("these settings hold when Berth is started again", { settings: afterRestart.join(" ") });
}

function tellFailure(reason: string, cause: unknown, log: Logger): void {
  const event = "the changed configuration cannot be taken over; the one before holds";
  if (!(cause instanceof ConfigError)) {
    log.error(event, { reason, cause });
    return;
  }
  for (const { where, path, message } of cause.problems) {
    log.error(event, { reason, where, key: showPath(path), problem: message });
  }
}
