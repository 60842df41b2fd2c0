import { berthItself } from "../../auth/audit/audit-trail.js";
import { isAccessTokenId, looksLikeAccessToken } from "../../auth/tokens/access-tokens.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { withAccessTokens } from "./with-access-tokens.js";

/** Revokes tokens, by id or by the token itself: someone who finds a leaked token does not know its id. */
export async function revokeTokens(texts: readonly string[], { config }: { config?: string }): Promise<void> {
  const ids = texts.map((text) => (looksLikeAccessToken(text) ? (text.split("_")[1] ?? "") : text));
  const wrong = ids.find((id) => !isAccessTokenId(id));
  if (wrong !== undefined) throw new ExplainedError(`${wrong} is not a token id; "berth token ls" shows them`);
  const actor = berthItself("command line");
  const unknown = await withAccessTokens(config, async ({ changes }) => {
    const removed = await Promise.all(ids.map(async (id) => ((await changes.revoke(id, actor)) ? undefined : id)));
    return removed.filter((id) => id !== undefined);
  });
  const gone = ids.filter((id) => !unknown.includes(id));
  if (gone.length > 0) process.stdout.write(`revoked: ${gone.join(", ")}\n`);
  if (unknown.length > 0) throw new ExplainedError(`there is no token ${unknown.join(", ")}`);
}
