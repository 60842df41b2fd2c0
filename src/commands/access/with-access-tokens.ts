import { AuditedTokens } from "../../auth/audit/audited-tokens.js";
import { loadConfig } from "../../config/load.js";
import { createLogger } from "../../observability/winston-logger.js";
import { openAuditTrail } from "../../serving/access/audit-writer.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { AccessTokenStore } from "../../storage/access-token-store.js";
import { openStorage } from "../../storage/open-storage.js";

interface TokensToChange {
  readonly store: AccessTokenStore;
  /** Records each change in the audit trail of the configuration. */
  readonly changes: AuditedTokens;
  /** Whether a server with this configuration has access control. */
  readonly isAskedFor: boolean;
}

/** Runs an action on the access tokens of the configured storage. */
export async function withAccessTokens<Result>(
  configFile: string | undefined,
  action: (tokens: TokensToChange) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfig({ file: configFile, environment: process.env, directory: process.cwd() });
  if (config.storage.driver === "memory") {
    throw new ExplainedError("storage.driver is memory: this command cannot reach the tokens in a server's memory");
  }
  const log = createLogger(config.log, process.stderr);
  try {
    const store = (await openStorage(config.storage, log)).accessTokens;
    const { access } = config;
    const audit = access?.audit;
    // That is the server's; ours is for what the command shows.
    const trail = audit?.file === "stdout" ? undefined : await openAuditTrail(audit, log);
    const changes = new AuditedTokens(store, trail);
    return await action({ store, changes, isAskedFor: access !== undefined && !access.open });
  } finally {
    log.flush();
  }
}
