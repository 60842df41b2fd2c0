import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import { isRepositoryName } from "../oci/repository-name.js";
import { type Action, anonymous, type Identity } from "../registry/access.js";
import type { AccessRules } from "./access-rules.js";
import { actionsOf, type ResourceActions } from "./scope.js";
import { type RegistryTokens, tokenLifetime } from "./tokens/registry-tokens.js";

/** The response to a token request (distribution, "Token Authentication Specification"). */
export interface TokenAnswer {
  readonly token: string;
  /** The same token: clients that send a form read only this (OAuth2). */
  readonly access_token: string;
  /** In seconds. Always present: without it, containerd keeps a token forever. */
  readonly expires_in: number;
  /** The granted part of the requested scope. */
  readonly scope: string;
}

interface TokenServiceParts {
  readonly rules: AccessRules;
  readonly tokens: RegistryTokens;
}

/** No real client sends more scopes. */
const mostScopes = 100;

/** Characters of the `access` claim. A longer one would not fit into the 16 KiB that servers accept as headers. */
const longestAccess = 10_000;

/** Issues tokens to clients. */
export class TokenService {
  readonly #parts: TokenServiceParts;

  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
  }

  /**
   * Grants the part of the request that the client may do. If that is nothing, the token still identifies the client.
   */
  async issue(identity: Identity, asked: readonly ResourceActions[]): Promise<TokenAnswer> {
    const breaks = new EventLoopBreaks();
    const grants: ResourceActions[] = [];
    for (const resource of asked.slice(0, mostScopes)) {
      await breaks.take();
      grants.push(...this.#grant(identity, resource));
    }
    const granted = fitting(grants);
    const { user, groups, credential, ceiling } = identity;
    const limits = ceiling?.limits ?? [];
    const token = await this.#parts.tokens.issue({ user, groups, credential, limits, granted });
    const scope = granted.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" ");
    return { token, access_token: token, expires_in: tokenLifetime, scope };
  }

  /**
   * Whether the request is only for pulls of cached repositories that need no credentials.
   * @param action `cache` if that includes content that is not cached yet, else `pull`
   */
  isOpen(asked: readonly ResourceActions[], action: "pull" | "cache"): boolean {
    const { policy, names } = this.#parts.rules;
    const isOpen = ({ type, name, actions }: ResourceActions) => {
      if (type !== "repository" || !isRepositoryName(name) || !names.isCached(name)) return false;
      const target = { asked: name, names: names.namesOf(name) };
      const needed: readonly Action[] = ["pull", action];
      return (
        actionsOf(actions).every((each) => each === "pull") &&
        needed.every((each) => policy.decide(anonymous, each, target).allowed)
      );
    };
    return asked.length > 0 && asked.length <= mostScopes && asked.every(isOpen);
  }

  #grant(identity: Identity, { type, name, actions }: ResourceActions): ResourceActions[] {
    // The catalog shows each client what it may pull, so everyone may request it.
    if (type === "registry" && name === "catalog") return [{ type, name, actions }];
    if (type !== "repository" || !isRepositoryName(name)) return [];
    const { policy, names } = this.#parts.rules;
    const meanings = names.meaningsOf(name);
    const allowed = actionsOf(actions).filter((action: Action) =>
      meanings.some((meant) => policy.decide(identity, action, { asked: name, names: meant }).allowed),
    );
    return allowed.length === 0 ? [] : [{ type, name, actions: allowed }];
  }
}

/** The first ones that fit into a token; for the rest, the client gets another token when it needs it. */
function fitting(granted: readonly ResourceActions[]): readonly ResourceActions[] {
  let length = 0;
  return granted.filter((resource) => {
    length += JSON.stringify(resource).length + 1;
    return length <= longestAccess;
  });
}
