import type { RepositoryName } from "../oci/repository-name.js";

/** What a caller may be allowed to do in a repository; `admin` concerns the whole registry. */
export const actions = ["pull", "push", "delete", "cache", "admin"] as const;

/** `cache` downloads what is not cached yet, which uses the upstream's quota. */
export type Action = (typeof actions)[number];

/** An authenticated or anonymous client. */
export interface Identity {
  /** `undefined` for an anonymous client. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly credential: Credential;
  /** The limits of the credential, whatever the rules allow its user. */
  readonly ceiling?: Ceiling | undefined;
}

/** How a client identified itself. */
export interface Credential {
  readonly kind: "none" | "password" | "access token" | "issuer" | "certificate";
  /**
   * Identifies the credential among those of its kind: a fingerprint of the password's hash, the id of an access token,
   * the name of an issuer, the fingerprint of a certificate. Never a secret.
   */
  readonly id: string;
}

/** The most that a credential allows. */
export interface Ceiling {
  /** Identifies the limit, so that decisions can be remembered: equal keys allow the same. */
  readonly key: string;
  /** Whether the client can get a token for more: one of our token service has only the requested scope. */
  readonly canBeWidened: boolean;
  /** Scopes of the credential itself, such as `push:team/*`: a token issued for it never exceeds them. */
  readonly limits: readonly string[];
  /**
   * What {@link limits} allow, if this is the ceiling of such a token; `undefined` for everything that the rules allow.
   */
  readonly widest?: Ceiling | undefined;
  /** Whether the catalog shows everything that the rules let its user pull: a token for that names no repository. */
  readonly isForCatalog: boolean;
  allows(action: Action, name: RepositoryName): boolean;
  /** Whether it allows the action in all repositories. */
  allowsEverywhere(action: Action): boolean;
}

/** What the client of a request may do. */
export interface Access {
  readonly identity: Identity;
  /** Whether the client may do anything at all. */
  readonly isWelcome: boolean;
  /** Whether the client may administer the whole registry. */
  readonly mayAdminister: boolean;
  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  may(action: Action, name: RepositoryName, namespace?: string): boolean;
  /**
   * @throws RegistryError UNAUTHORIZED with the scope of the token that is needed if the client is anonymous, DENIED if
   * it is known and not allowed
   */
  require(action: Action, name: RepositoryName, namespace?: string): void;
  /**
   * Whether the client may read what it mounts.
   * @throws RegistryError UNAUTHORIZED with the scopes of both repositories if it could get a token for that
   */
  mayMount(from: RepositoryName, into: RepositoryName): boolean;
  /** @throws RegistryError UNAUTHORIZED if the client has a token, but needs one for the catalog */
  requireCatalog(): void;
  /** Whether the catalog shows a repository. */
  lists(name: RepositoryName): boolean;
}

/** A client without credentials. */
export const anonymous: Identity = { user: undefined, groups: [], credential: { kind: "none", id: "" } };
