import { isRepositoryName } from "../oci/repository-name.js";
import type { Action, Identity } from "../registry/access.js";
import type { AccessPolicy } from "./access-policy.js";
import type { RepositoryNames } from "./caller-access.js";
import { actionsOf, type ResourceActions } from "./scope.js";
import { type RegistryTokens, tokenLifetime } from "./tokens/registry-tokens.js";

/** What a client gets for its credentials (distribution, "Token Authentication Specification"). */
export interface TokenAnswer {
  readonly token: string;
  /** The same: clients that send a form read only this (OAuth2). */
  readonly access_token: string;
  /** Seconds. Always there: containerd keeps a token for ever where it is not. */
  readonly expires_in: number;
  /** What was granted of what was asked for. */
  readonly scope: string;
}

interface TokenServiceParts {
  readonly policy: AccessPolicy;
  readonly names: RepositoryNames;
  readonly tokens: RegistryTokens;
}

/** A longer list of scopes is none of a client. */
const mostScopes = 100;

/** Gives clients tokens for what they may do. */
export class TokenService {
  readonly #parts: TokenServiceParts;

  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
  }

  /** Grants what the client may of what it asks for: less is no error, and nothing is a token that proves who it is. */
  async issue(identity: Identity, asked: readonly ResourceActions[]): Promise<TokenAnswer> {
    const granted = asked.slice(0, mostScopes).flatMap((resource) => this.#grant(identity, resource));
    const { user, groups, credential, ceiling } = identity;
    const limits = ceiling?.limits ?? [];
    const token = await this.#parts.tokens.issue({ user, groups, credential, limits, granted });
    const scope = granted.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" ");
    return { token, access_token: token, expires_in: tokenLifetime, scope };
  }

  #grant(identity: Identity, { type, name, actions }: ResourceActions): ResourceActions[] {
    // The catalog shows each client what it may pull, so everybody may ask for it.
    if (type === "registry" && name === "catalog") return [{ type, name, actions }];
    if (type !== "repository" || !isRepositoryName(name)) return [];
    const { policy, names } = this.#parts;
    const meanings = names.meaningsOf(name);
    const allowed = actionsOf(actions).filter((action: Action) =>
      meanings.some((meant) => policy.decide(identity, action, { asked: name, names: meant }).allowed),
    );
    return allowed.length === 0 ? [] : [{ type, name, actions: allowed }];
  }
}
