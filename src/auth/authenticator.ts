import { anonymous, type Ceiling, type Credential, type Identity } from "../registry/access.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Caller } from "../registry/context.js";
import { type BasicCredentials, parseBasic, parseBearer } from "./authorization-header.js";
import type { ClientCertificate } from "./client-certificate.js";
import type { IdentifiedClient, Issuers } from "./issuers/issuers.js";
import type { Lease } from "./known-credentials.js";
import type { Passwords } from "./passwords/passwords.js";
import { type AccessTokens, looksLikeAccessToken } from "./tokens/access-tokens.js";
import type { ExternalTokens } from "./tokens/external-tokens.js";
import type { RegistryTokens } from "./tokens/registry-tokens.js";
import type { SessionTokens } from "./tokens/session-tokens.js";
import { ceilingOfScopes } from "./tokens/token-scope.js";
import type { Users } from "./users.js";

/** A client as identified by its credentials. */
export interface Authentication {
  readonly identity: Identity;
  /** Whether valid credentials were sent, or a valid token, even an anonymous one. */
  readonly isProved: boolean;
  /** Whether an invalid token was sent: a challenge says so, but what everyone may pull is still served. */
  readonly hasInvalidToken: boolean;
  /** For how long the same credentials need no further check; `undefined` if each request needs one. */
  readonly lease?: Lease | undefined;
  /** When what was sent ends by itself, in milliseconds since 1970; `undefined` for a password. */
  readonly endsMs?: number | undefined;
}

/** A client that has been identified, and how long that is valid. */
interface Proof {
  readonly identity: Identity;
  readonly lease?: Lease | undefined;
  readonly endsMs?: number | undefined;
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
  readonly sessionTokens: SessionTokens;
  readonly issuers: Issuers;
  /** For an external token service. */
  readonly externalTokens: ExternalTokens | undefined;
}

const withoutCredentials: Authentication = { identity: anonymous, isProved: false, hasInvalidToken: false };
const withInvalidToken: Authentication = { identity: anonymous, isProved: false, hasInvalidToken: true };

/** Milliseconds that a password is accepted without another bcrypt. */
const passwordLeaseMs = 60_000;

/** Milliseconds that a session is accepted without looking whether another process has ended it. */
const sessionLeaseMs = 4_000;

/** Finds out who sent a request: from its `Authorization` header, or else from the client certificate. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** @throws AccessRefusal UNAUTHORIZED if a password is wrong: its sender expects to be recognised */
  async authenticate({ authorization, caller, certificate }: Credentials): Promise<Authentication> {
    const token = parseBearer(authorization);
    if (token !== undefined) {
      const proof = await this.#byToken(token, certificate);
      return proof === undefined ? withInvalidToken : { ...proof, isProved: true, hasInvalidToken: false };
    }
    const basic = parseBasic(authorization);
    // Podman sends an empty user and password if it has none.
    if (basic !== undefined && basic.user === "" && basic.password === "") return this.byCertificate(certificate);
    const proof = basic && (await this.#byPassword(basic, caller.network));
    if (proof === undefined) throw wrongCredentials();
    return { ...proof, isProved: true, hasInvalidToken: false };
  }

  /** For a request of the page with the cookie of a session; `undefined` if the session has ended. */
  async bySession(token: string, certificate: ClientCertificate | undefined): Promise<Authentication | undefined> {
    const session = await this.#parts.sessionTokens.verify(token);
    if (session === undefined) return undefined;
    const { id, limits, endsMs } = session;
    const proof = await this.#byIssued({ ...session, ceiling: ceilingOfScopes(limits) }, endsMs, certificate);
    if (proof === undefined) return undefined;
    const lease: Lease = {
      // Then looked at again, since another process may have ended the session.
      untilMs: Math.min(endsMs, Date.now() + sessionLeaseMs),
      holds: (shown) => !this.#parts.sessionTokens.wasEndedHere(id) && proof.lease?.holds(shown) !== false,
    };
    return { ...proof, lease, isProved: true, hasInvalidToken: false };
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
  async #byPassword({ user, password }: BasicCredentials, network: string): Promise<Proof | undefined> {
    const { users, passwords, issuers } = this.#parts;
    if (looksLikeAccessToken(password)) return this.#byAccessToken(password);
    if (issuers.mayHaveIssued(password)) return leased(await issuers.identify(password));
    const hash = users.hashOf(user);
    if (!(await passwords.check({ user, password, network }, users))) return undefined;
    const credential: Credential = { kind: "password", id: users.fingerprintOf(user) ?? "" };
    const holds = () => users.hashOf(user) === hash;
    const lease = { untilMs: Date.now() + passwordLeaseMs, holds };
    return { identity: { user, groups: users.groupsOf(user), credential }, lease };
  }

  async #byToken(token: string, certificate: ClientCertificate | undefined): Promise<Proof | undefined> {
    const { registryTokens, issuers, externalTokens } = this.#parts;
    if (looksLikeAccessToken(token)) return this.#byAccessToken(token);
    const ours = await registryTokens.verify(token);
    if (ours !== undefined) return this.#byIssued(ours.token, ours.expiresMs, certificate);
    return leased(await (issuers.mayHaveIssued(token) ? issuers.identify(token) : externalTokens?.identify(token)));
  }

  async #byAccessToken(token: string): Promise<Proof | undefined> {
    const { users, accessTokens } = this.#parts;
    const record = await accessTokens.check(token);
    if (record === undefined) return undefined;
    const { id, user, scopes } = record;
    const credential: Credential = { kind: "access token", id };
    const lease = { untilMs: record.expiresMs ?? Infinity, holds: () => accessTokens.isKnownGood(id) };
    const identity = { user, groups: users.groupsOf(user), credential, ceiling: ceilingOfScopes(scopes) };
    return { identity, lease, endsMs: record.expiresMs };
  }

  /** Looks whether what a token or a session was issued for is still good, so that revoking takes effect. */
  async #byIssued(
    token: Issued,
    expiresMs: number,
    certificate: ClientCertificate | undefined,
  ): Promise<Proof | undefined> {
    const { users, accessTokens } = this.#parts;
    const { user, groups, credential, ceiling } = token;
    if (credential.kind === "access token" && (await accessTokens.find(credential.id)) === undefined) return undefined;
    const lease = { untilMs: expiresMs, holds: (shown?: ClientCertificate) => this.#isGood(token, shown) };
    if (!lease.holds(certificate)) return undefined;
    if (user === undefined) return { identity: { ...anonymous, ceiling }, lease };
    // An issuer's groups are those in its token; those of our own users may have changed since.
    const groupsNow = credential.kind === "issuer" ? groups : users.groupsOf(user);
    return { identity: { user, groups: groupsNow, credential, ceiling }, lease };
  }

  /** Whether what a token of ours was issued for is still good, as far as memory tells. */
  #isGood({ user, credential }: Issued, certificate: ClientCertificate | undefined): boolean {
    const { users, accessTokens, issuers } = this.#parts;
    const { kind, id } = credential;
    if (user === undefined) return true;
    switch (kind) {
      case "password":
        return users.fingerprintOf(user) === id;
      // Only on a connection with that certificate: a token alone may be stolen, or older than a new authority.
      case "certificate":
        return certificate?.fingerprint === id;
      case "issuer":
        return issuers.has(id);
      case "access token":
        return accessTokens.isKnownGood(id);
      case "none":
        return true;
    }
  }
}

/** What a token or a session of ours says about the client. */
interface Issued {
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly credential: Credential;
  readonly ceiling: Ceiling | undefined;
}

/** What an issuer's token proves, for as long as it is said to. */
function leased(found: IdentifiedClient | undefined): Proof | undefined {
  if (found === undefined) return undefined;
  const { identity, expiresMs: untilMs, tokenEndsMs: endsMs } = found;
  return { identity, lease: { untilMs, holds: () => true }, endsMs };
}

function wrongCredentials(): AccessRefusal {
  return new AccessRefusal("UNAUTHORIZED", "the user name or the password is wrong");
}
