import { berthItself } from "../../auth/audit/audit-trail.js";
import { userNameProblem } from "../../auth/passwords/htpasswd.js";
import { parseTokenScope } from "../../auth/tokens/token-scope.js";
import { parseDuration } from "../../config/duration.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { withAccessTokens } from "./with-access-tokens.js";

interface CreateOptions {
  readonly user: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly description?: string;
  readonly config?: string;
}

const withoutAccessControl =
  "note: this registry has no access control, so it asks for no token; to make the token count, set access in its " +
  "configuration";

/** Creates an access token. Only the token goes to standard output, so that it can be piped. */
export async function createToken({ user, scope = [], expires, description, config }: CreateOptions): Promise<void> {
  const problem = userNameProblem(user);
  if (problem !== undefined) throw new ExplainedError(problem);
  for (const text of scope) checkScope(text);
  const expiresMs = expires === undefined ? undefined : Date.now() + lifetimeOf(expires);
  const wanted = { user, scopes: scope, expiresMs, description };
  const { token, isAskedFor } = await withAccessTokens(config, async ({ changes, isAskedFor }) => {
    const created = await changes.create(wanted, berthItself("command line"));
    return { ...created, isAskedFor };
  });
  const until = expiresMs === undefined ? "does not expire" : `expires ${new Date(expiresMs).toISOString()}`;
  const limits = scope.length === 0 ? "what the rules allow" : scope.join(", ");
  process.stderr.write(`token of ${user}, limited to ${limits}; it ${until}. It is not shown again:\n`);
  process.stdout.write(`${token}\n`);
  if (!isAskedFor) process.stderr.write(`${withoutAccessControl}\n`);
}

function checkScope(text: string): void {
  try {
    parseTokenScope(text);
  } catch (error) {
    throw new ExplainedError(`--scope: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function lifetimeOf(text: string): number {
  const lifetime = parseDuration(text);
  if (lifetime === undefined || lifetime <= 0)
    throw new ExplainedError("--expires must be a duration such as 90d or 12h");
  return lifetime;
}
