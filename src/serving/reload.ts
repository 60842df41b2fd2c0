import { type ConfigChanges, changesBetween } from "../config/changes.js";
import { ConfigWatch } from "../config/config-watch.js";
import { CutOffDetector } from "../config/cut-off.js";
import type { LoadedConfig } from "../config/load.js";
import { ConfigError, showPath } from "../config/problem.js";
import type { Config } from "../config/schema.js";
import type { Logger } from "../observability/logger.js";
import type { FlushableLogger } from "../observability/winston-logger.js";
import { WorkerRefusal } from "./workers/worker-refusal.js";

const signalled = "SIGHUP";

interface Serving {
  /** @throws if Berth cannot serve with it; the previous one must then stay in effect */
  apply(config: Config): Promise<void>;
  readonly log: FlushableLogger;
}

/**
 * Applies changes of the configuration while Berth serves: on SIGHUP, and when the file has changed. It handles the
 * signal from its creation on, since the signal would otherwise end the process, and acts on it once Berth serves.
 */
export class Reload {
  readonly #load: () => Promise<LoadedConfig>;
  readonly #onSignal = () => this.#reload(signalled);
  readonly #cutOff: CutOffDetector;
  #config: Config;
  readonly #watch: ConfigWatch | undefined;
  #begin: (serving: Serving) => void = () => {};
  readonly #serving = new Promise<Serving>((resolve) => {
    this.#begin = resolve;
  });
  /** One reload at a time. */
  #running: Promise<void> = Promise.resolve();

  /** @param load reads the configuration again */
  constructor({ config, file, text }: LoadedConfig, load: () => Promise<LoadedConfig>) {
    this.#config = config;
    this.#cutOff = new CutOffDetector(text);
    this.#load = load;
    process.on(signalled, this.#onSignal);
    // Watches from now on: a change while Berth starts is applied once it serves.
    if (file !== undefined) this.#watch = new ConfigWatch(file, () => this.#reload("its file has changed"));
  }

  begin(serving: Serving): void {
    this.#begin(serving);
  }

  /** The configuration in effect. */
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
      const { config, file, text } = await this.#load();
      const problem = this.#cutOff.problemOf(text, reason === signalled);
      if (problem !== undefined) throw new ConfigError([{ where: file ?? "", path: [], message: problem }]);
      const changes = changesBetween(this.#config, config);
      // Even if no setting changed: the files that it names, such as certificates, may have.
      await apply(changes.effective);
      this.#config = changes.effective;
      this.#cutOff.taken(text);
      log.reconfigure(changes.effective.log);
      // A file may only have been touched, or its change already be known from the signal.
      if (reason === signalled || changes.now.length + changes.afterRestart.length > 0) tell(reason, changes, log);
    } catch (cause) {
      tellFailure(reason, cause, log);
    }
  }
}

function tell(reason: string, { now, afterRestart }: ConfigChanges, log: Logger): void {
  log.info("configuration applied", { reason, changed: now.join(" ") || "nothing" });
  if (afterRestart.length === 0) return;
  log.warn("these settings take effect when Berth restarts", { settings: afterRestart.join(" ") });
}

function tellFailure(reason: string, cause: unknown, log: Logger): void {
  const event = "the changed configuration cannot be applied; the previous one stays in effect";
  if (cause instanceof WorkerRefusal) log.error(event, { reason, worker: cause.worker, problem: cause.message });
  else if (!(cause instanceof ConfigError)) log.error(event, { reason, cause });
  else
    for (const { where, path, message } of cause.problems)
      log.error(event, { reason, where, key: showPath(path), problem: message });
}
