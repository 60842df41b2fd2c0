import { type AuditTrail, deniedRequest } from "../auth/audit/audit-trail.js";
import type { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";

/** Notified of each response 403, whichever part of Berth denies the request. */
export type DenialListener = (exchange: Exchange, error: RegistryError) => void;

/** No client needs a longer path. */
const longestPath = 500;

/** Records denials in the audit trail. */
export function recordDenials(trail: AuditTrail): DenialListener {
  return (exchange, { message }) => {
    const path = exchange.path.slice(0, longestPath);
    const event = deniedRequest(exchange, { method: exchange.request.method ?? "", path, reason: message });
    // If the line cannot be written, the trail has logged it; the request is denied either way.
    void trail.write([event]).catch(() => {});
  };
}
