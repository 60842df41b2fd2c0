import type { AuditTrail } from "../auth/audit/audit-trail.js";
import type { DenialListener } from "../http/recorded-denials.js";
import type { Routes } from "../http/router.js";
import type { Registry } from "../registry/registry.js";
import type { Guard } from "./access/create-access-control.js";
import type { Notifications } from "./events.js";

/** Everything that serves one configuration. It never changes: another configuration gets another one. */
export interface Composition {
  /** As clients see it, with access control and audit trail. */
  readonly registry: Registry;
  readonly routes: Routes;
  /** Records denials, if there is an audit trail. */
  readonly onDenied: DenialListener | undefined;
  /** Reads what the first clients of the API would otherwise wait for. */
  readAhead(): Promise<void>;
  /** Stops its background tasks; running requests continue. */
  close(): void;
}

/** What is between clients and the mode. */
export interface Protection {
  readonly audit: AuditTrail | undefined;
  readonly guard: Guard | undefined;
  readonly notifications: Notifications;
}
