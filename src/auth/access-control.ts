import type { Logger } from "../observability/logger.js";
import { type Access, anonymous, type Identity } from "../registry/access.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import { type AuditTrail, failedLogin } from "./audit/audit-trail.js";
import type { Authentication, Authenticator, Credentials } from "./authenticator.js";
import { parseBasic, parseBearer } from "./authorization-header.js";
import { type AccessRules, CallerAccess } from "./caller-access.js";
import type { ClientCertificate } from "./client-certificate.js";
import type { ResourceActions } from "./scope.js";
import type { TokenAnswer, TokenService } from "./token-service.js";

/** No name of a user is longer; what is may be anything. */
const longestUser = 128;

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
  /** Where logins that fail are told of. */
  readonly audit: AuditTrail | undefined;
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

  /** What is known at once of the client, if anything is. */
  recall(credentials: Credentials): Admission | undefined {
    const known = this.#parts.authenticator.recall(credentials);
    return known && this.#admissionOf(known);
  }

  /** @throws AccessRefusal UNAUTHORIZED if a password is wrong */
  async admit(credentials: Credentials): Promise<Admission> {
    const authenticated = this.#parts.authenticator.authenticate(credentials);
    const authentication = await authenticated.catch(async (error: unknown) => {
      if (error instanceof AccessRefusal) await this.#tellFailure(credentials);
      throw error;
    });
    if (authentication.hasInvalidToken) await this.#tellFailure(credentials);
    return this.#admissionOf(authentication);
  }

  /** A request without an `Authorization` header. */
  admitByCertificate(certificate: ClientCertificate | undefined): Admission {
    if (certificate === undefined) return this.anonymous;
    return this.#admissionOf(this.#parts.authenticator.byCertificate(certificate));
  }

  issueToken(identity: Identity, asked: readonly ResourceActions[]): Promise<TokenAnswer> {
    return this.#parts.tokens.issue(identity, asked);
  }

  /** A trail that cannot be written is told in the log; the login has failed anyway. */
  async #tellFailure({ authorization, caller }: Credentials): Promise<void> {
    const kind = parseBearer(authorization) === undefined ? "password" : "token";
    const user = parseBasic(authorization)?.user.slice(0, longestUser);
    await this.#parts.audit?.write([failedLogin(user, kind, caller)]).catch(() => {});
  }

  #admissionOf({ identity, hasInvalidToken, isProved }: Authentication): Admission {
    return { access: this.#accessOf(identity), isProved, hasInvalidToken };
  }

  #accessOf(identity: Identity): Access {
    return new CallerAccess(identity, this.#parts.rules, this.#log);
  }
}
