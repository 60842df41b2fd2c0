import type { RepositoryName } from "../oci/repository-name.js";

/** What a caller can be allowed to do with a repository; `admin` is about the whole registry. */
export const actions = ["pull", "push", "delete", "cache", "admin"] as const;

/** `cache` makes the cache fetch what it does not hold yet, which spends the upstream's quota. */
export type Action = (typeof actions)[number];

/** An authenticated or anonymous client. */
export interface Identity {
  /** `undefined` for an anonymous client. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly credential: Credential;
  /** What the credential is limited to, whatever the rules allow its user. */
  readonly ceiling?: Ceiling | undefined;
}

/** How a client proved who it is. */
export interface Credential {
  readonly kind: "none" | "password" | "access token" | "issuer" | "certificate";
  /**
   * Tells it from others of its kind: a fingerprint of the password's hash, the id of an access token, the name of an
   * issuer, the fingerprint of a certificate. Never a secret.
   */
  readonly id: string;
}

/** The most that a credential allows. */
export interface Ceiling {
  /** Names the limit, so that decisions can be remembered: equal keys allow the same. */
  readonly key: string;
  /** Whether the client can have a token for more: one of our token service has the scope that was asked for. */
  readonly canBeWidened: boolean;
  /** Scopes of the credential itself, such as `push:team/*`: a token that is issued for it never exceeds them. */
  readonly limits: readonly string[];
  /** What {@link limits} allow, where this is the ceiling of such a token; `undefined` for all that the rules allow. */
  readonly widest?: Ceiling | undefined;
  /** Whether the catalog shows all that the rules let its user pull: a token for that names no repository. */
  readonly isForCatalog: boolean;
  allows(action: Action, name: RepositoryName): boolean;
}

/** What the client of one request may do. */
export interface Access {
  readonly identity: Identity;
  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  may(action: Action, name: RepositoryName, namespace?: string): boolean;
  /**
   * @throws RegistryError UNAUTHORIZED with the scope to ask a token for if the client is anonymous, DENIED if it is
   * known and not allowed
   */
  require(action: Action, name: RepositoryName, namespace?: string): void;
  /**
   * Whether the client may read what it mounts.
   * @throws RegistryError UNAUTHORIZED with the scopes of both repositories if it could have a token for that
   */
  mayMount(from: RepositoryName, into: RepositoryName): boolean;
  /** @throws RegistryError UNAUTHORIZED if the client has a token, and one for the catalog is needed */
  requireCatalog(): void;
  /** Whether the catalog shows a repository. */
  lists(name: RepositoryName): boolean;
}

/** A client without credentials. */
export const anonymous: Identity = { user: undefined, groups: [], credential: { kind: "none", id: "" } };
