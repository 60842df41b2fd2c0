import type { Credential, Identity } from "../../registry/access.js";
import type { Caller, Context } from "../../registry/context.js";

/** What a line of the audit trail tells. */
export interface AuditEvent {
  readonly event:
    | "manifest pushed"
    | "tag moved"
    | "tag deleted"
    | "manifest deleted"
    | "blob deleted"
    | "login failed";
  /** `undefined` for an anonymous client. */
  readonly user: string | undefined;
  /** How the client proved who it is; never a secret. */
  readonly credential: { readonly kind: Credential["kind"] | "token"; readonly id: string };
  /** The client's address. */
  readonly address: string;
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
  /** What the tag pointed at before; `undefined` if it is new. */
  readonly from?: string | undefined;
  /** What the tag points at now. */
  readonly to?: string;
}

/** Where it is kept who changed what. */
export interface AuditTrail {
  /**
   * Called before something is changed.
   * @throws RegistryError UNAVAILABLE if lines must be kept and cannot be
   */
  ready(): Promise<void>;
  /**
   * Keeps lines in their order, those of one call together.
   * @throws RegistryError UNAVAILABLE if they must be kept and cannot be
   */
  write(events: readonly AuditEvent[]): Promise<void>;
}

const nobody: Pick<Identity, "user" | "credential"> = { user: undefined, credential: { kind: "none", id: "" } };

/** Who, with what, and from where. */
export function actorOf({ access, caller }: Context): Pick<AuditEvent, "user" | "credential" | "address"> {
  const { user, credential } = access?.identity ?? nobody;
  return { user, credential, address: caller.address };
}

/** @param user as the client wrote it, if that could be read */
export function failedLogin(user: string | undefined, kind: "password" | "token", caller: Caller): AuditEvent {
  return { event: "login failed", user, credential: { kind, id: "" }, address: caller.address };
}
