import { loadConfig } from "../../config/load.js";
import { createLogger } from "../../observability/winston-logger.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { AccessTokenStore } from "../../storage/access-token-store.js";
import { openStorage } from "../../storage/open-storage.js";

/** Runs an action on the access tokens of the configured storage. */
export async function withAccessTokens<Result>(
  configFile: string | undefined,
  action: (tokens: AccessTokenStore) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfig({ file: configFile, environment: process.env, directory: process.cwd() });
  if (config.storage.driver === "memory") {
    throw new ExplainedError("storage.driver is memory: this command cannot reach the tokens in a server's memory");
  }
  const log = createLogger(config.log, process.stderr);
  try {
    return await action((await openStorage(config.storage, log)).accessTokens);
  } finally {
    log.flush();
  }
}
