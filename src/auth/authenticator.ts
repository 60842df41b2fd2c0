import { anonymous, type Credential, type Identity } from "../registry/access.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Caller } from "../registry/context.js";
import { type BasicCredentials, parseBasic, parseBearer } from "./authorization-header.js";
import type { ClientCertificate } from "./client-certificate.js";
import type { Issuers } from "./issuers/issuers.js";
import type { Passwords } from "./passwords/passwords.js";
import { type AccessTokens, looksLikeAccessToken } from "./tokens/access-tokens.js";
import type { ExternalTokens } from "./tokens/external-tokens.js";
import type { RegistryToken, RegistryTokens } from "./tokens/registry-tokens.js";
import { ceilingOfScopes } from "./tokens/token-scope.js";
import type { Users } from "./users.js";

/** A client as identified by its credentials. */
export interface Authentication {
  readonly identity: Identity;
  /** Whether valid credentials were sent, or a valid token, even an anonymous one. */
  readonly isProved: boolean;
  /** Whether an invalid token was sent: a challenge says so, but what everyone may pull is still served. */
  readonly hasInvalidToken: boolean;
}

/** What a request says about its client. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string;
  /** Slows down guessing, by the client's network. */
  readonly caller: Caller;
  /** The client certificate of the connection. */
  readonly certificate: ClientCertificate | undefined;
}

export interface AuthenticatorParts {
  readonly users: Users;
  readonly passwords: Passwords;
  readonly accessTokens: AccessTokens;
  readonly registryTokens: RegistryTokens;
  readonly issuers: Issuers;
  /** For an external token service. */
  readonly externalTokens: ExternalTokens | undefined;
}

const withoutCredentials: Authentication = { identity: anonymous, isProved: false, hasInvalidToken: false };
const withInvalidToken: Authentication = { identity: anonymous, isProved: false, hasInvalidToken: true };

/** Finds out who sent a request: from its `Authorization` header, or else from the client certificate. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** The result of a recent check, without a new one: most requests of a pull take this path. */
  recall({ authorization, certificate }: Credentials): Authentication | undefined {
    const identity = this.#recallToken(authorization, certificate) ?? this.#recallPassword(authorization);
    return identity && { identity, isProved: true, hasInvalidToken: false };
  }

  /** @throws AccessRefusal UNAUTHORIZED if a password is wrong: its sender expects to be recognised */
  async authenticate({ authorization, caller, certificate }: Credentials): Promise<Authentication> {
    const token = parseBearer(authorization);
    if (token !== undefined) return this.#byToken(token, certificate);
    const basic = parseBasic(authorization);
    // Podman sends an empty user and password if it has none.
    if (basic !== undefined && basic.user === "" && basic.password === "") return this.byCertificate(certificate);
    const identity = basic && (await this.#byPassword(basic, caller.network));
    if (identity === undefined) throw wrongCredentials();
    return { identity, isProved: true, hasInvalidToken: false };
  }

  /** For a request without other credentials. */
  byCertificate(certificate: ClientCertificate | undefined): Authentication {
    if (certificate?.user === undefined) return withoutCredentials;
    const { user, fingerprint } = certificate;
    const credential: Credential = { kind: "certificate", id: fingerprint };
    const identity = { user, groups: this.#parts.users.groupsOf(user), credential };
    return { identity, isProved: true, hasInvalidToken: false };
  }

  /** Access tokens and identity tokens are sent as passwords, since every client can send one. */
  async #byPassword({ user, password }: BasicCredentials, network: string): Promise<Identity | undefined> {
    const { passwords, issuers } = this.#parts;
    if (looksLikeAccessToken(password)) return this.#byAccessToken(password);
    if (issuers.mayHaveIssued(password)) return issuers.identify(password);
    return (await passwords.check(user, password, network)) ? this.#identityOf(user) : undefined;
  }

  #recallPassword(authorization: string): Identity | undefined {
    const basic = parseBasic(authorization);
    return basic !== undefined && this.#parts.passwords.recall(basic.user, basic.password)
      ? this.#identityOf(basic.user)
      : undefined;
  }

  /** For a user whose password is right. */
  #identityOf(user: string): Identity {
    return { user, groups: this.#parts.users.groupsOf(user), credential: this.#passwordOf(user) };
  }

  #passwordOf(user: string): Credential {
    return { kind: "password", id: this.#parts.users.fingerprintOf(user) ?? "" };
  }

  /** Never an access token's: only the store knows whether that is revoked. */
  #recallToken(authorization: string, certificate: ClientCertificate | undefined): Identity | undefined {
    const token = parseBearer(authorization);
    const ours = token === undefined ? undefined : this.#parts.registryTokens.recall(token);
    if (ours === undefined || ours.credential.kind === "access token") return undefined;
    return this.#identityNow(ours, certificate);
  }

  async #byToken(token: string, certificate: ClientCertificate | undefined): Promise<Authentication> {
    const identity = await this.#identityOfToken(token, certificate);
    return identity === undefined ? withInvalidToken : { identity, isProved: true, hasInvalidToken: false };
  }

  async #identityOfToken(token: string, certificate: ClientCertificate | undefined): Promise<Identity | undefined> {
    const { registryTokens, issuers, externalTokens } = this.#parts;
    if (looksLikeAccessToken(token)) return this.#byAccessToken(token);
    const ours = registryTokens.recall(token) ?? (await registryTokens.verify(token));
    if (ours !== undefined) return this.#identityOfOurs(ours, certificate);
    return issuers.mayHaveIssued(token) ? issuers.identify(token) : externalTokens?.identify(token);
  }

  async #byAccessToken(token: string): Promise<Identity | undefined> {
    const { users, accessTokens } = this.#parts;
    const record = await accessTokens.check(token);
    if (record === undefined) return undefined;
    const { id, user, scopes } = record;
    const ceiling = ceilingOfScopes(scopes);
    return { user, groups: users.groupsOf(user), credential: { kind: "access token", id }, ceiling };
  }

  /**
   * Checks with each request whether the token's original credential is still valid, so that revocation takes effect.
   */
  async #identityOfOurs(
    token: RegistryToken,
    certificate: ClientCertificate | undefined,
  ): Promise<Identity | undefined> {
    const { kind, id } = token.credential;
    if (kind === "access token" && (await this.#parts.accessTokens.find(id)) === undefined) return undefined;
    return this.#identityNow(token, certificate);
  }

  #identityNow(
    { user, groups, credential, ceiling }: RegistryToken,
    certificate: ClientCertificate | undefined,
  ): Identity | undefined {
    const { users, issuers } = this.#parts;
    const { kind, id } = credential;
    if (user === undefined) return { ...anonymous, ceiling };
    if (kind === "password" && users.fingerprintOf(user) !== id) return undefined;
    // Only on a connection with that certificate: a token alone may be stolen, or older than a new authority.
    if (kind === "certificate" && certificate?.fingerprint !== id) return undefined;
    if (kind === "issuer" && !issuers.has(id)) return undefined;
    // An issuer's groups are those in its token; those of our own users may have changed since.
    const groupsNow = kind === "issuer" ? groups : users.groupsOf(user);
    return { user, groups: groupsNow, credential, ceiling };
  }
}

function wrongCredentials(): AccessRefusal {
  return new AccessRefusal("UNAUTHORIZED", "the user name or the password is wrong");
}
