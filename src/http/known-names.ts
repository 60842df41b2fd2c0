import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";
import type { Handler } from "./handlers/handler.js";
import type { Resource, ResourceName } from "./router.js";

/** What a browser shows to a page, and so to a page that should not see it. */
const shown: readonly ResourceName[] = ["api", "ui"];

const loopbackName = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[(?:::1|::ffff:127\.[\d.]+)\])$/i;

/**
 * Without access control, anyone who can connect sees everything, and a browser on it reaches it for any page: a
 * site may let its own name point to 127.0.0.1, and is then of the same origin (DNS rebinding). The name in `Host` is
 * still that of the site, so on this machine the page and its API answer only to names that mean this machine, and to
 * `server.publicUrl`.
 */
export function onlyForKnownNames(resources: readonly Resource[], publicUrl: string | undefined): Resource[] {
  const ownName = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  const guarded =
    (handler: Handler): Handler =>
    (exchange) => {
      const name = foreignName(exchange, ownName);
      if (name !== undefined) throw misdirected(name);
      return handler(exchange);
    };
  return resources.map((resource) => {
    if (!shown.includes(resource.name)) return resource;
    const methods = Object.entries(resource.methods).map(([method, handler]) => [method, guarded(handler)]);
    return { ...resource, methods: Object.fromEntries(methods) };
  });
}

/** The name in the request, if a site may have chosen it. */
function foreignName({ request }: Exchange, ownName: string | undefined): string | undefined {
  const { host } = request.headers;
  const { localAddress = "" } = request.socket;
  if (host === undefined || !/^(?:127\.|::1$|::ffff:127\.)/.test(localAddress)) return undefined;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return loopbackName.test(name) || name === ownName ? undefined : name;
}

function misdirected(name: string): RegistryError {
  const message = `without access control, this address does not answer for ${name.slice(0, 255)}: open it as localhost, or set server.publicUrl`;
  return new RegistryError("DENIED", message, { status: 421 });
}
