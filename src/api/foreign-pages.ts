import type { Exchange } from "../http/exchange.js";
import { originOf } from "../http/location.js";
import { RegistryError } from "../oci/errors.js";

/**
 * Refuses a change that a browser sends for a page of another site: it adds the user's password or cookie by itself.
 * Browsers say where a request comes from, and a page cannot change that (Fetch Metadata; RFC 6454, section 7).
 * @param publicUrl the address that clients use, if it is configured
 * @throws RegistryError DENIED
 */
export function refuseForeignPages(exchange: Exchange, publicUrl: string | undefined): void {
  const origin = exchange.header("origin");
  const site = exchange.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") throw foreign(site);
  if (exchange.access === undefined && isFromBrowser(exchange)) throw new RegistryError("DENIED", openToPages);
  const own = [originOf(exchange), publicUrl && new URL(publicUrl).origin];
  if (origin !== undefined && !own.includes(origin)) throw foreign(origin);
}

export function isFromBrowser(exchange: Exchange): boolean {
  return exchange.header("origin") !== undefined || exchange.header("sec-fetch-site") !== undefined;
}

/** A page of any site can have its name point here (DNS rebinding), and without a login nothing else stops it. */
const openToPages =
  "this registry has no access control, so nothing can be changed in a browser; set access in its configuration";

function foreign(from: string): RegistryError {
  return new RegistryError("DENIED", `a page of another site cannot change anything here (${from.slice(0, 200)})`);
}
