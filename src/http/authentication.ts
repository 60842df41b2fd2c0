import type { AccessControl, Admission } from "../auth/access-control.js";
import type { Credentials } from "../auth/authenticator.js";
import { parseScopes } from "../auth/scope.js";
import { RegistryError } from "../oci/errors.js";
import type { AccessRefusal } from "../registry/access-refusal.js";
import { respondWithError } from "./error-response.js";
import type { Exchange } from "./exchange.js";
import { isTokenPath, originOf, prefixOf, tokenPath } from "./location.js";
import type { Routes } from "./router.js";
import { sessionOf } from "./session-cookie.js";

interface Guarding {
  readonly control: AccessControl;
  /** The address that clients use, without a trailing slash, if requests do not reveal it. */
  readonly publicUrl: string | undefined;
}

/** Routes that identify the client of each request before anything else is done. */
export function authenticated(routes: Routes, { control, publicUrl }: Guarding): Routes {
  const challenge = (exchange: Exchange, refusal: AccessRefusal | undefined) =>
    challengeOf(exchange, { control, publicUrl }, refusal);
  return (exchange) => {
    exchange.challenge = challenge;
    const known = knownAtOnce(exchange, control);
    if (known === undefined) {
      void answer(exchange, routes, control);
      return;
    }
    admit(exchange, known);
    routes(exchange);
  };
}

/** Without a promise if possible: it would cost a request as much as the rest of access control. */
function knownAtOnce(exchange: Exchange, control: AccessControl): Admission | undefined {
  const { authorization } = exchange.request.headers;
  if (authorization === undefined) {
    const { certificate } = exchange;
    const session = sessionOf(exchange);
    return session === undefined
      ? control.admitByCertificate(certificate)
      : control.recallSession({ session, certificate });
  }
  return hasSecondHeader(exchange) ? undefined : control.recall(exchange, authorization);
}

async function answer(exchange: Exchange, routes: Routes, control: AccessControl): Promise<void> {
  const { caller, certificate } = exchange;
  const { authorization } = exchange.request.headers;
  try {
    if (hasSecondHeader(exchange))
      throw new RegistryError("UNAUTHORIZED", "the request has two Authorization headers", { status: 400 });
    const admission =
      authorization === undefined
        ? await control.admitSession({ session: sessionOf(exchange) ?? "", certificate })
        : await admissionOf(exchange, control, { authorization, caller, certificate });
    admit(exchange, admission ?? control.admitByCertificate(certificate));
    routes(exchange);
  } catch (error) {
    respondWithError(exchange, error);
  }
}

/** Docker and podman name the account for which they request a token; they never mean a registry by `?ns=`. */
function admissionOf(exchange: Exchange, control: AccessControl, credentials: Credentials): Promise<Admission> {
  const { path, query } = exchange;
  if (!isTokenPath(path) || !query.has("account")) return control.admit(credentials);
  return control.admitForPulls(parseScopes(query.getAll("scope")), credentials);
}

function admit(exchange: Exchange, admission: Admission): void {
  exchange.admission = admission;
  exchange.access = admission.access;
}

/** Node keeps the first of two and drops the other, which a proxy in front may have used. */
function hasSecondHeader({ request: { rawHeaders } }: Exchange): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === "authorization".length && name.toLowerCase() === "authorization") count++;
  }
  return count > 1;
}

/**
 * One header with quoted values: oras reads only the first header (distribution, "Token Authentication Specification").
 */
function challengeOf(exchange: Exchange, { control, publicUrl }: Guarding, refusal: AccessRefusal | undefined): string {
  // For the page, which signs people in by itself: at any other challenge, the browser would open a window.
  if (exchange.request.headers["x-berth-page"] !== undefined) return `Session realm="${control.service}"`;
  if (control.scheme === "Basic" || isTokenPath(exchange.path)) return `Basic realm="${control.service}"`;
  const { realm = tokenPath } = control;
  const address = realm.startsWith("/") ? (publicUrl ?? originOf(exchange) + prefixOf(exchange)) + realm : realm;
  const parts = [`realm="${address}"`, `service="${control.service}"`];
  if (refusal !== undefined && refusal.scope !== "") parts.push(`scope="${refusal.scope}"`);
  // Only for a client that sent a token: containerd gives up at an error that it did not cause.
  if (refusal?.isInsufficientScope) parts.push('error="insufficient_scope"');
  else if (exchange.admission?.hasInvalidToken) parts.push('error="invalid_token"');
  return `Bearer ${parts.join(",")}`;
}
