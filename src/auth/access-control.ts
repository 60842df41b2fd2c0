import type { Logger } from "../observability/logger.js";
import { type Access, anonymous, type Identity } from "../registry/access.js";
import type { Caller } from "../registry/context.js";
import type { Authenticator } from "./authenticator.js";
import { type AccessRules, CallerAccess } from "./caller-access.js";
import type { ResourceActions } from "./scope.js";
import type { TokenAnswer, TokenService } from "./token-service.js";

/** What is known of the client of a request. */
export interface Admission {
  readonly access: Access;
  /** Whether it sent credentials, or a token, that are good. */
  readonly isProved: boolean;
  /** Whether it sent a token that is not good. */
  readonly hasInvalidToken: boolean;
}

/** How clients are asked for credentials. */
export type ChallengeScheme = "Basic" | "Bearer";

interface AccessControlParts {
  readonly authenticator: Authenticator;
  readonly rules: AccessRules;
  readonly tokens: TokenService;
  readonly scheme: ChallengeScheme;
  /** Names this registry to its clients, and in its tokens. */
  readonly service: string;
  /** Where clients get tokens, if not here: an address, or a path at the address of this registry. */
  readonly realm: string | undefined;
}

/** All that `http/` asks about access: which client it is, what it may do, and a token for that. */
export class AccessControl {
  readonly scheme: ChallengeScheme;
  readonly service: string;
  readonly realm: string | undefined;
  /** Of a request without credentials. */
  readonly anonymous: Admission;
  readonly #parts: AccessControlParts;
  readonly #log: Logger;

  constructor(parts: AccessControlParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
    this.scheme = parts.scheme;
    this.service = parts.service;
    this.realm = parts.realm;
    this.anonymous = { access: this.#accessOf(anonymous), isProved: false, hasInvalidToken: false };
  }

  /** @throws AccessRefusal UNAUTHORIZED if a password is wrong */
  async admit(authorization: string, { network }: Caller): Promise<Admission> {
    const { authenticator } = this.#parts;
    const { identity, hasInvalidToken, isProved } = await authenticator.authenticate(authorization, network);
    return { access: this.#accessOf(identity), isProved, hasInvalidToken };
  }

  issueToken(identity: Identity, asked: readonly ResourceActions[]): Promise<TokenAnswer> {
    return this.#parts.tokens.issue(identity, asked);
  }

  #accessOf(identity: Identity): Access {
    return new CallerAccess(identity, this.#parts.rules, this.#log);
  }
}
