import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { createLogger, type FlushableLogger } from "../../observability/winston-logger.js";
import type { Times } from "../../retention/decide-tags.js";
import { Policies } from "../../retention/policies.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { Storage } from "../../storage/storage.js";
import { openCollectedStorage } from "../gc/collected-storage.js";

/** The policies of the settings, and the storage that they are about. */
export interface OpenedRetention {
  readonly config: Config;
  readonly policies: Policies;
  readonly storage: Storage;
  readonly times: Times;
  readonly log: FlushableLogger;
}

/** @throws ExplainedError if there are no policies, or the storage cannot be opened */
export async function openRetention({ config: file }: { config?: string }): Promise<OpenedRetention> {
  const { config } = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  if (config.mode === "proxy")
    throw new ExplainedError("mode: proxy has no private repositories, and policies are for those");
  const policies = new Policies(config.retention.policies);
  if (policies.areNone)
    throw new ExplainedError("retention.policies is empty, so everything is kept (see: config/retention.md)");
  const log = createLogger({ ...config.log, level: "warn" }, process.stderr);
  const storage = await openCollectedStorage(config, log);
  return { config, policies, storage, times: { nowMs: Date.now(), pullsSinceMs: await storage.uses.sinceMs() }, log };
}
