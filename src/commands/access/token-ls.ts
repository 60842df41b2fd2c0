import type { AccessTokenRecord } from "../../oci/access-token-record.js";
import { table } from "../cache/table.js";
import { withAccessTokens } from "./with-access-tokens.js";

interface ListedToken {
  readonly id: string;
  readonly user: string;
  readonly scopes: readonly string[];
  readonly created: string;
  readonly expires: string | undefined;
  readonly lastUse: string | undefined;
  readonly description: string | undefined;
}

/** Lists the access tokens, the newest last. Secrets are not stored, so none is shown. */
export async function listTokens({ json, config }: { json?: true; config?: string }): Promise<void> {
  const tokens = await withAccessTokens(config, async ({ store }) => {
    const stored = [...(await store.list())].sort((one, other) => one.createdMs - other.createdMs);
    return Promise.all(stored.map(async (token) => listed(token, await store.readLastUse(token.id))));
  });
  process.stdout.write(json ? `${JSON.stringify(tokens, undefined, 2)}\n` : asTable(tokens));
}

function listed(token: AccessTokenRecord, usedMs: number | undefined): ListedToken {
  const { id, user, scopes, createdMs, expiresMs, description } = token;
  const [created, expires, lastUse] = [createdMs, expiresMs, usedMs].map((ms) =>
    ms === undefined ? undefined : new Date(ms).toISOString(),
  );
  return { id, user, scopes, created: created ?? "", expires, lastUse, description };
}

function asTable(tokens: readonly ListedToken[]): string {
  const rows = tokens.map(({ id, user, scopes, expires, lastUse, description }) => [
    id,
    user,
    scopes.join(" ") || "all",
    expires?.slice(0, 10) ?? "never",
    lastUse?.slice(0, 16).replace("T", " ") ?? "-",
    description ?? "",
  ]);
  return table(["ID", "USER", "LIMITED TO", "EXPIRES", "LAST USE", "DESCRIPTION"], rows);
}
