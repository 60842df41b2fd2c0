import { dockerHub, isHubName } from "../oci/docker-hub.js";
import { isRepositoryName, parseRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { Owners, UpstreamNames } from "../registry/owners.js";

/** Docker Hub's official images have one component for people, and two in the registry. */
const official = "library";

/** The requested repository without the prefix of the upstream: `docker.io/alpine` is `library/alpine`. */
export function ownNameOf(asked: RepositoryName, upstream: UpstreamNames): RepositoryName {
  const { name, prefix } = upstream;
  const [first = "", ...rest] = asked.split("/");
  const isNamed = rest.length > 0 && (first === prefix || (name === dockerHub && isHubName(first)));
  const own = isNamed ? rest.join("/") : asked;
  return parseRepositoryName(name === dockerHub && !own.includes("/") ? `${official}/${own}` : own);
}

/**
 * One folder per repository, whichever name was requested: that of the default upstream is the bare name, if no one
 * else owns it. So `docker.io/team/app` is never stored where the private `team/app` is, nor `docker.io/ghcr.io/app`
 * where GitHub's is.
 */
export function storedNameOf(own: RepositoryName, upstream: UpstreamNames, owners: Owners): RepositoryName {
  const { name, prefix, isDefault } = upstream;
  const bare = isDefault && !isPrefixed(own, upstream) ? owners.of(own) : undefined;
  return bare?.kind === "upstream" && bare.upstream === name ? own : parseRepositoryName(`${prefix}/${own}`);
}

/** The reverse of the stored name. */
export function ownNameOfStored(stored: RepositoryName, upstream: UpstreamNames): RepositoryName {
  return isBare(stored, upstream) ? stored : parseRepositoryName(stored.slice(upstream.prefix.length + 1));
}

/** The upstream's name for a stored repository. */
export function remoteNameOf(stored: RepositoryName, upstream: UpstreamNames): RepositoryName {
  const own = ownNameOfStored(stored, upstream);
  return upstream.remotePrefix === undefined ? own : parseRepositoryName(`${upstream.remotePrefix}/${own}`);
}

/**
 * The name that shows the owner, and by which it can be pulled: with the upstream's prefix, unless that is too long.
 */
export function fullNameOf(stored: RepositoryName, upstream: UpstreamNames): RepositoryName {
  const full = isBare(stored, upstream) ? `${upstream.prefix}/${stored}` : stored;
  return isRepositoryName(full) ? full : stored;
}

/** The name here of Docker Hub's official image; `undefined` if there can be none. */
export function officialNameOf(name: RepositoryName, { prefix }: UpstreamNames): RepositoryName | undefined {
  const full = `${prefix}/${official}/${name}`;
  return !name.includes("/") && isRepositoryName(full) ? full : undefined;
}

/** The shortest name by which it can be requested where no name is private. */
export function shortNameOf(stored: RepositoryName, upstream: UpstreamNames): string {
  const own = ownNameOfStored(stored, upstream);
  const [project, image, ...more] = own.split("/");
  const isOfficial = upstream.name === dockerHub && project === official && image !== undefined && more.length === 0;
  const short = isOfficial ? image : own;
  return isBare(stored, upstream) ? short : `${upstream.prefix}/${short}`;
}

function isBare(stored: RepositoryName, upstream: UpstreamNames): boolean {
  return upstream.isDefault && !isPrefixed(stored, upstream);
}

function isPrefixed(name: RepositoryName, { prefix }: UpstreamNames): boolean {
  return name.startsWith(`${prefix}/`);
}
