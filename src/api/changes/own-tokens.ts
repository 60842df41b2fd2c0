import { actorOf } from "../../auth/audit/audit-trail.js";
import type { AuditedTokens } from "../../auth/audit/audited-tokens.js";
import { isAccessTokenId } from "../../auth/tokens/access-tokens.js";
import { parseTokenScope } from "../../auth/tokens/token-scope.js";
import type { Exchange } from "../../http/exchange.js";
import type { AccessTokenRecord } from "../../oci/access-token-record.js";
import { RegistryError } from "../../oci/errors.js";
import { AccessRefusal } from "../../registry/access-refusal.js";
import type { AccessTokenStore } from "../../storage/access-token-store.js";
import { showTime } from "../answers.js";
import { mayManageTokens } from "../me.js";
import { badRequest } from "../query.js";
import { JsonBody } from "./json-body.js";

const dayMs = 24 * 60 * 60_000;
const longestLifeDays = 3_650;
const longestDescription = 200;
const scopesOfToken = { most: 50, longest: 400 };

/** Each request with one may read it, and the list reads all. */
const mostOfUser = 100;

/** The access tokens of the client itself. */
export class OwnTokens {
  readonly #store: AccessTokenStore;
  readonly #changes: AuditedTokens;

  constructor(store: AccessTokenStore, changes: AuditedTokens) {
    this.#store = store;
    this.#changes = changes;
  }

  /** The newest first. */
  async list(exchange: Exchange): Promise<unknown> {
    const user = userOf(exchange);
    requireAllOfUser(exchange, "see your tokens");
    const own = await this.#of(user);
    const items = own.sort((one, other) => other.createdMs - one.createdMs).map((token) => this.#show(token));
    return { items: await Promise.all(items) };
  }

  async create(exchange: Exchange): Promise<unknown> {
    const user = userOf(exchange);
    requireAllOfUser(exchange, "create tokens");
    const body = await JsonBody.read(exchange, ["description", "scopes", "expiresInDays"]);
    const scopes = body.texts("scopes", scopesOfToken);
    for (const scope of scopes) checkScope(scope);
    const days = body.optionalNumber("expiresInDays", 1, longestLifeDays);
    const description = body.optionalText("description", longestDescription);
    if ((await this.#of(user)).length >= mostOfUser)
      throw new RegistryError("DENIED", `you have ${mostOfUser} tokens; revoke one first`);
    const expiresMs = days === undefined ? undefined : Date.now() + days * dayMs;
    const { token, id } = await this.#changes.create({ user, scopes, expiresMs, description }, actorOf(exchange));
    const stored = await this.#store.read(id);
    if (stored === undefined) throw new Error("the token was revoked while it was created");
    exchange.log.info("access token created", { user, token: stored.id });
    return { ...(await this.#show(stored)), token };
  }

  async revoke(exchange: Exchange): Promise<undefined> {
    const user = userOf(exchange);
    const { id } = exchange.parameters;
    const token = typeof id === "string" && isAccessTokenId(id) ? await this.#store.read(id) : undefined;
    // An administrator of the registry can revoke everyone's.
    if (token === undefined || (token.user !== user && exchange.access?.mayAdminister !== true))
      throw new RegistryError("UNSUPPORTED", "you have no such token", { status: 404 });
    const isOfRequest = exchange.access?.identity.credential.id === token.id;
    if (!isOfRequest && exchange.access?.mayAdminister !== true) requireAllOfUser(exchange, "revoke another token");
    await this.#changes.revoke(token.id, actorOf(exchange));
    exchange.log.info("access token revoked", { user, token: token.id });
    return undefined;
  }

  async #of(user: string): Promise<AccessTokenRecord[]> {
    return (await this.#store.list()).filter((token) => token.user === user);
  }

  async #show({ id, scopes, description, createdMs, expiresMs }: AccessTokenRecord) {
    const usedAt = showTime(await this.#store.readLastUse(id));
    return { id, scopes, description, createdAt: showTime(createdMs), expiresAt: showTime(expiresMs), usedAt };
  }
}

function userOf({ access }: Exchange): string {
  if (access === undefined)
    throw new RegistryError("DENIED", "this registry has no access control, so there are no tokens; set access");
  const { user } = access.identity;
  if (user !== undefined) return user;
  throw new AccessRefusal("UNAUTHORIZED", "authentication is required for your tokens");
}

/** A token, which may be limited and may be stolen, must not reach the others of its user. */
function requireAllOfUser(exchange: Exchange, wish: string): void {
  if (!mayManageTokens(exchange)) throw new RegistryError("DENIED", `sign in with your password to ${wish}`);
}

function checkScope(scope: string): void {
  try {
    parseTokenScope(scope);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}
