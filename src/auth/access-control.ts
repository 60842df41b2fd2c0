import type { Logger } from "../observability/logger.js";
import { type Access, anonymous, type Identity } from "../registry/access.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { AccessRules } from "./access-rules.js";
import { type AuditTrail, failedLogin } from "./audit/audit-trail.js";
import type { Authentication, Authenticator, Credentials } from "./authenticator.js";
import { parseBasic, parseBearer } from "./authorization-header.js";
import { CallerAccess } from "./caller-access.js";
import type { ClientCertificate } from "./client-certificate.js";
import { KnownCredentials, type Sender } from "./known-credentials.js";
import type { ResourceActions } from "./scope.js";
import type { TokenAnswer, TokenService } from "./token-service.js";

/** No user name is longer; a longer text may be anything. */
const longestUser = 128;

/** What is known about the client of a request. */
export interface Admission {
  readonly access: Access;
  /** Whether it sent valid credentials, or a valid token. */
  readonly isProved: boolean;
  /** Whether it sent an invalid token. */
  readonly hasInvalidToken: boolean;
}

/** The session of a request of the page. */
export interface SessionCredentials {
  /** The token in its cookie. */
  readonly session: string;
  readonly certificate: ClientCertificate | undefined;
}

/** How clients are asked for credentials. */
export type ChallengeScheme = "Basic" | "Bearer";

interface AccessControlParts {
  readonly authenticator: Authenticator;
  readonly rules: AccessRules;
  readonly tokens: TokenService;
  readonly scheme: ChallengeScheme;
  /** Records failed logins. */
  readonly audit: AuditTrail | undefined;
  /** The name of this registry, for clients and in tokens. */
  readonly service: string;
  /** Where clients get tokens, if not here: a URL, or a path at the address of this registry. */
  readonly realm: string | undefined;
}

/** Everything that `http/` needs for access control: who the client is, what it may do, and tokens. */
export class AccessControl {
  readonly scheme: ChallengeScheme;
  readonly service: string;
  readonly realm: string | undefined;
  /** For a request without credentials. */
  readonly anonymous: Admission;
  readonly #parts: AccessControlParts;
  readonly #log: Logger;
  readonly #known = new KnownCredentials<Admission>();
  /** By the certificate of a connection, which all its requests share. */
  readonly #certified = new WeakMap<ClientCertificate, Admission>();

  constructor(parts: AccessControlParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
    this.scheme = parts.scheme;
    this.service = parts.service;
    this.realm = parts.realm;
    this.anonymous = { access: this.#accessOf(anonymous), isProved: false, hasInvalidToken: false };
  }

  /** What is known at once of the client, if anything is: most requests of a pull are answered this way. */
  recall(sender: Sender<Admission>, authorization: string): Admission | undefined {
    return this.#known.recallFrom(sender, authorization);
  }

  /** @throws AccessRefusal UNAUTHORIZED if a password is wrong */
  async admit(credentials: Credentials): Promise<Admission> {
    const { authorization, certificate } = credentials;
    const known = this.#known.recall(authorization, certificate);
    if (known !== undefined) return known;
    const authentication = await this.#authenticate(credentials);
    const admission = this.#admissionOf(authentication);
    const { lease } = authentication;
    if (lease !== undefined) this.#known.remember(authorization, admission, lease);
    return admission;
  }

  /** Admits a request without an `Authorization` header. */
  admitByCertificate(certificate: ClientCertificate | undefined): Admission {
    if (certificate === undefined) return this.anonymous;
    const known = this.#certified.get(certificate);
    if (known !== undefined) return known;
    const admission = this.#admissionOf(this.#parts.authenticator.byCertificate(certificate));
    this.#certified.set(certificate, admission);
    return admission;
  }

  /**
   * Admits a client that may have sent its login for another registry: dockerd sends a mirror its login for Docker Hub,
   * and stops using the mirror if that login is refused (moby#30880). Credentials that the requested pulls do not need
   * are not checked, or at least not a reason to refuse.
   * @throws AccessRefusal UNAUTHORIZED if the pulls need a login and the password is wrong
   */
  async admitForPulls(asked: readonly ResourceActions[], credentials: Credentials): Promise<Admission> {
    const { tokens } = this.#parts;
    if (tokens.isOpen(asked, "cache")) return this.anonymous;
    return this.admit(credentials).catch((error: unknown) => {
      if (error instanceof AccessRefusal && tokens.isOpen(asked, "pull")) return this.anonymous;
      throw error;
    });
  }

  /**
   * Admits a client whose login cannot be checked, such as a refresh token of Docker Hub; `undefined` if one is needed.
   */
  admitUnchecked(asked: readonly ResourceActions[]): Admission | undefined {
    return this.#parts.tokens.isOpen(asked, "pull") ? this.anonymous : undefined;
  }

  /** What is known at once of the client of a session. */
  recallSession({ session, certificate }: SessionCredentials): Admission | undefined {
    return this.#known.recall(sessionKey(session), certificate);
  }

  /** Admits a request of the page by its session; `undefined` if the session has ended, or is not ours. */
  async admitSession({ session, certificate }: SessionCredentials): Promise<Admission | undefined> {
    const authentication = await this.#parts.authenticator.bySession(session, certificate);
    if (authentication === undefined) return undefined;
    const admission = this.#admissionOf(authentication);
    const { lease } = authentication;
    if (lease !== undefined) this.#known.remember(sessionKey(session), admission, lease);
    return admission;
  }

  /**
   * Who sent credentials, for a session of the page.
   * @throws AccessRefusal UNAUTHORIZED if a password is wrong
   */
  identify(credentials: Credentials): Promise<Authentication> {
    return this.#authenticate(credentials);
  }

  issueToken(identity: Identity, asked: readonly ResourceActions[]): Promise<TokenAnswer> {
    return this.#parts.tokens.issue(identity, asked);
  }

  async #authenticate(credentials: Credentials): Promise<Authentication> {
    const authenticated = this.#parts.authenticator.authenticate(credentials);
    const authentication = await authenticated.catch(async (error: unknown) => {
      if (error instanceof AccessRefusal) await this.#tellFailure(credentials);
      throw error;
    });
    if (authentication.hasInvalidToken) await this.#tellFailure(credentials);
    return authentication;
  }

  /** If the trail cannot be written, the failure is logged; the login has failed anyway. */
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

/** No `Authorization` header has this form, so a session is never taken for one, nor one for a session. */
function sessionKey(session: string): string {
  return `\0session ${session}`;
}
