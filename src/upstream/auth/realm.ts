import { isIP } from "node:net";
import { getDomain } from "tldts";
import { InvalidAnswerError } from "../wire/wire-errors.js";

/**
 * The address of the token service that a challenge names, if it may be trusted with credentials: on the upstream's
 * host, on its site, or listed by the operator (CVE-2026-33540).
 * @param listed hosts, with or without port
 */
export function trustedRealm(realm: string | undefined, endpoint: URL, listed: readonly string[]): URL {
  if (realm === undefined || !URL.canParse(realm)) throw new InvalidAnswerError("its challenge names no realm");
  const url = new URL(realm);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new InvalidAnswerError(`its token realm is not a web address but ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidAnswerError(`its token realm at ${url.host} has credentials in it`);
  }
  if (endpoint.protocol === "https:" && url.protocol === "http:") {
    throw new InvalidAnswerError(`its token realm at ${url.host} is not secured by https`);
  }
  const isListed = listed.some((host) => [url.host, url.hostname].includes(host.toLowerCase()));
  if (!isListed && !isSameSite(url.hostname, endpoint.hostname)) {
    throw new InvalidAnswerError(
      `its token realm is on a foreign host; if ${url.host} may see the credentials, list it under \`realms\``,
    );
  }
  return url;
}

/** Same host, or the same registrable domain: `auth.docker.io` and `registry-1.docker.io`. */
export function isSameSite(one: string, other: string): boolean {
  if (one === other) return true;
  const domain = siteOf(one);
  return domain !== undefined && domain === siteOf(other);
}

function siteOf(hostname: string): string | undefined {
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return undefined;
  return getDomain(hostname, { allowPrivateDomains: true }) ?? undefined;
}
