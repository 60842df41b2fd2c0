import { isIP } from "node:net";
import { getDomain } from "tldts";
import { refuseLongHost } from "../wire/host-name.js";
import { InvalidAnswerError } from "../wire/wire-errors.js";

/**
 * The URL of the token service in a challenge, which may be a path on the endpoint's host. One on the site of a
 * registry with https is requested by https.
 * @throws InvalidAnswerError if it is not a URL, or less secure than the endpoint
 */
export function parseRealm(realm: string | undefined, endpoint: URL): URL {
  if (!realm || !URL.canParse(realm, endpoint.href)) throw new InvalidAnswerError("its challenge names no realm");
  const url = new URL(realm, endpoint);
  refuseLongHost(url);
  if (endpoint.protocol === "https:" && isSameSiteByHttp(url, endpoint)) url.protocol = "https:";
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new InvalidAnswerError(`its token realm is not a web address but ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidAnswerError(`its token realm at ${url.host} has credentials in it`);
  }
  if (endpoint.protocol === "https:" && url.protocol === "http:") {
    throw new InvalidAnswerError(`its token realm at ${url.host} is not secured by https`);
  }
  return url;
}

/**
 * Behind a proxy that terminates TLS, a registry believes that its scheme is http (gitea, GitLab, Harbor without their
 * external URL), and means the address that clients reach.
 */
function isSameSiteByHttp(realm: URL, endpoint: URL): boolean {
  if (realm.protocol !== "http:") return false;
  return realm.host === endpoint.host || (realm.port === "" && isSameSite(realm.hostname, endpoint.hostname));
}

/**
 * Whether a token service may receive the credentials: it is on the upstream's host, on its site, or listed by the
 * operator (CVE-2026-33540). An anonymous token may come from anywhere, since the request reveals nothing.
 * @param listed hosts, with or without port
 */
export function isTrustedRealm(realm: URL, endpoint: URL, listed: readonly string[]): boolean {
  const isListed = listed.some((host) => [realm.host, realm.hostname].includes(host.toLowerCase()));
  return isListed || isSameSite(realm.hostname, endpoint.hostname);
}

/** @throws InvalidAnswerError that says how the operator can allow it */
export function refuseUntrusted(realm: URL, endpoint: URL, listed: readonly string[]): void {
  if (isTrustedRealm(realm, endpoint, listed)) return;
  throw new InvalidAnswerError(
    `its token realm is on a foreign host; if ${realm.host} may see the credentials, list it under \`realms\``,
  );
}

/** Same host, or the same registrable domain: `auth.docker.io` and `registry-1.docker.io`. */
export function isSameSite(one: string, other: string): boolean {
  if (one === other) return true;
  const domain = siteOf(one);
  return domain !== undefined && domain === siteOf(other);
}

/**
 * Domains under which each customer of a registry service has its own host, and which are not on the public suffix
 * list: https://learn.microsoft.com/azure/container-registry/container-registry-concepts (and the sovereign clouds),
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html, https://jfrog.com/help (JFrog Cloud URL),
 * https://www.tencentcloud.com/document/product/1051, https://docs.ovhcloud.com (Managed Private Registry). Their token
 * services are on the registry's own host.
 */
const sharedDomains = [
  /\.azurecr\.(?:io|cn|us|de)$/,
  /\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
  /\.dkr-ecr(?:-fips)?\.[a-z0-9-]+\.on\.(?:aws|amazonwebservices\.com\.cn)$/,
  /\.jfrog\.io$/,
  /\.tencentcloudcr\.com$/,
  /\.container-registry\.ovh\.(?:net|us)$/,
];

function siteOf(hostname: string): string | undefined {
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return undefined;
  if (sharedDomains.some((domain) => domain.test(hostname))) return hostname;
  return getDomain(hostname, { allowPrivateDomains: true }) ?? undefined;
}
