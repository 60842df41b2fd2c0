import type { AccessControl, Admission } from "../auth/access-control.js";
import { RegistryError } from "../oci/errors.js";
import type { AccessRefusal } from "../registry/access-refusal.js";
import { respondWithError } from "./error-response.js";
import type { Exchange } from "./exchange.js";
import { originOf } from "./location.js";
import type { Routes } from "./router.js";

/** Where clients get tokens. Below `/v2/`, since many reverse proxies pass nothing else on. */
export const tokenPath = "/v2/_berth/token";

interface Guarding {
  readonly control: AccessControl;
  /** The address that clients know the registry by, without a slash at its end, where it cannot be told from requests. */
  readonly publicUrl: string | undefined;
}

/** Routes that know of each request which client sent it, before anything is done for it. */
export function authenticated(routes: Routes, { control, publicUrl }: Guarding): Routes {
  return (exchange) => {
    exchange.challenge = (refusal) => challengeOf(exchange, { control, publicUrl }, refusal);
    const { authorization } = exchange.request.headers;
    if (authorization === undefined) {
      admit(exchange, control.admitByCertificate(exchange.certificate));
      routes(exchange);
      return;
    }
    void answer(exchange, { routes, control, authorization });
  };
}

interface Authenticating {
  readonly routes: Routes;
  readonly control: AccessControl;
  readonly authorization: string;
}

async function answer(exchange: Exchange, { routes, control, authorization }: Authenticating): Promise<void> {
  try {
    refuseSecondHeader(exchange);
    const { caller, certificate } = exchange;
    admit(exchange, await control.admit({ authorization, caller, certificate }));
    routes(exchange);
  } catch (error) {
    respondWithError(exchange, error);
  }
}

function admit(exchange: Exchange, admission: Admission): void {
  exchange.admission = admission;
  exchange.access = admission.access;
}

/** Node keeps the first of two and drops the other, where what stands in front may have looked at the other one. */
function refuseSecondHeader({ request: { rawHeaders } }: Exchange): void {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "authorization") count++;
  }
  if (count > 1) throw new RegistryError("UNAUTHORIZED", "the request has two Authorization headers", { status: 400 });
}

/** One header with quoted values: oras reads only the first (distribution, "Token Authentication Specification"). */
function challengeOf(exchange: Exchange, { control, publicUrl }: Guarding, refusal: AccessRefusal | undefined): string {
  if (control.scheme === "Basic" || exchange.path === tokenPath) return `Basic realm="${control.service}"`;
  const { realm = tokenPath } = control;
  const address = realm.startsWith("/") ? (publicUrl ?? originOf(exchange)) + realm : realm;
  const parts = [`realm="${address}"`, `service="${control.service}"`];
  if (refusal !== undefined && refusal.scope !== "") parts.push(`scope="${refusal.scope}"`);
  // Only to a client that sent a token: containerd gives up if it is told of an error that it did not make.
  if (refusal?.isInsufficientScope) parts.push('error="insufficient_scope"');
  else if (exchange.admission?.hasInvalidToken) parts.push('error="invalid_token"');
  return `Bearer ${parts.join(",")}`;
}
