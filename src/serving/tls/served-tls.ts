import { isDeepStrictEqual } from "node:util";
import { ConfigWatch } from "../../config/config-watch.js";
import type { TlsSettings } from "../../http/tls/tls-settings.js";
import type { Logger } from "../../observability/logger.js";
import { describeError } from "../explained-error.js";
import { readTlsFiles, type TlsConfig } from "./read-tls-files.js";

/**
 * The certificates of a server. Each process reads the files again when one of them changes; their paths do not change
 * while it runs.
 */
export class ServedTls {
  readonly #config: TlsConfig;
  readonly #log: Logger;
  readonly #watches: ConfigWatch[] = [];
  #current: TlsSettings;
  #take: (settings: TlsSettings) => void = () => {};

  private constructor(config: TlsConfig, current: TlsSettings, log: Logger) {
    this.#config = config;
    this.#current = current;
    this.#log = log;
  }

  /** @throws ExplainedError if no client could connect with the files */
  static async open(config: TlsConfig, log: Logger): Promise<ServedTls> {
    return new ServedTls(config, await readTlsFiles(config), log);
  }

  get current(): TlsSettings {
    return this.#current;
  }

  /** Passes on each change, including one since the files were read. */
  watch(take: (settings: TlsSettings) => void): void {
    this.#take = take;
    const { cert, key, clientCa } = this.#config;
    const look = () => void this.refresh();
    for (const file of new Set([cert, key, ...clientCa])) this.#watches.push(new ConfigWatch(file, look));
    look();
  }

  /**
   * Reads the files again. If they cannot be used, the previous ones stay in use: a certificate and its key are often
   * replaced one after the other, and an old certificate is better than none.
   */
  async refresh(): Promise<void> {
    const { cert } = this.#config;
    try {
      const settings = await readTlsFiles(this.#config);
      if (isDeepStrictEqual(settings, this.#current)) return;
      this.#current = settings;
      this.#take(settings);
      this.#log.info("the files of server.tls have changed and were read again", { cert });
    } catch (error) {
      const problem = describeError(error);
      this.#log.error("the files of server.tls have changed and cannot be used; the previous ones stay in use", {
        cert,
        problem,
      });
    }
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }
}
