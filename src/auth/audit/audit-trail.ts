import type { OwnTask } from "../../oci/actor.js";
import type { Credential, Identity } from "../../registry/access.js";
import type { Caller, Context } from "../../registry/context.js";

/** One line of the audit trail. */
export interface AuditEvent {
  readonly event:
    | "manifest pushed"
    | "tag moved"
    | "tag deleted"
    | "manifest deleted"
    | "blob deleted"
    | "token created"
    | "token revoked"
    | "signed in"
    | "signed out"
    | "login failed"
    | "access denied";
  /** `undefined` for an anonymous client; for Berth itself, its task. */
  readonly user: string | undefined;
  /** How the client identified itself; never a secret. */
  readonly credential: { readonly kind: Credential["kind"] | "token" | "berth"; readonly id: string };
  /** The client's address. */
  readonly address: string;
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
  /** The digest that the tag pointed to before; `undefined` if the tag is new. */
  readonly from?: string | undefined;
  /** The digest that the tag points to now. */
  readonly to?: string;
  /** The id of an access token, and its user. */
  readonly token?: string;
  readonly owner?: string;
  /** Set for a denied request. */
  readonly method?: string;
  readonly path?: string;
  readonly reason?: string;
}

const attempts: ReadonlySet<AuditEvent["event"]> = new Set([
  "signed in",
  "signed out",
  "login failed",
  "access denied",
]);

/** What changed nothing. */
export function isAttempt({ event }: AuditEvent): boolean {
  return attempts.has(event);
}

/** Who acts, with which credential, from which address. */
export type AuditActor = Pick<AuditEvent, "user" | "credential" | "address">;

/** Records who changed what. */
export interface AuditTrail {
  /**
   * Called before a change.
   * @throws RegistryError UNAVAILABLE if lines must be recorded and cannot be
   */
  ready(): Promise<void>;
  /**
   * Records lines in order; those of one call stay together.
   * @throws RegistryError UNAVAILABLE if they must be recorded and cannot be
   */
  write(events: readonly AuditEvent[]): Promise<void>;
}

const nobody: Pick<Identity, "user" | "credential"> = { user: undefined, credential: { kind: "none", id: "" } };

export function actorOf({ ownTask, access, caller }: Context): AuditActor {
  if (ownTask !== undefined) return berthItself(ownTask);
  const { user, credential } = access?.identity ?? nobody;
  return { user, credential, address: caller.address };
}

/** Berth, or someone at the command line. */
export function berthItself(task: OwnTask): AuditActor {
  return { user: task, credential: { kind: "berth", id: task }, address: "" };
}

/** @param user the name that the client sent, if it can be read */
export function failedLogin(user: string | undefined, kind: "password" | "token", caller: Caller): AuditEvent {
  return { event: "login failed", user, credential: { kind, id: "" }, address: caller.address };
}

/** A login at an issuer, on the page, that failed before there was a token. */
export function failedIssuerLogin(issuer: string, caller: Caller): AuditEvent {
  return {
    event: "login failed",
    user: undefined,
    credential: { kind: "issuer", id: issuer },
    address: caller.address,
  };
}

/** Of the page. */
export function signedIn({ user, credential }: Identity, caller: Caller): AuditEvent {
  return { event: "signed in", user, credential, address: caller.address };
}

export function deniedRequest(context: Context, request: { method: string; path: string; reason: string }): AuditEvent {
  return { event: "access denied", ...actorOf(context), ...request };
}
