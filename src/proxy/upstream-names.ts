import { parseRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import { dockerHub, type UpstreamNames } from "../registry/owners.js";

/** Docker Hub's official images have one component for people, and two in the registry. */
const official = "library";

/** The repository that a client asked for, without what means the upstream: `docker.io/alpine` is `library/alpine`. */
export function ownNameOf(asked: RepositoryName, { name, prefix }: UpstreamNames): RepositoryName {
  const own = asked.startsWith(`${prefix}/`) ? asked.slice(prefix.length + 1) : asked;
  return parseRepositoryName(name === dockerHub && !own.includes("/") ? `${official}/${own}` : own);
}

/** One folder for a repository, whichever way it was asked for: the default upstream's under the bare name. */
export function storedNameOf(own: RepositoryName, { prefix, isDefault }: UpstreamNames): RepositoryName {
  return isDefault ? own : parseRepositoryName(`${prefix}/${own}`);
}

/** The way back from the folder's name. */
export function ownNameOfStored(stored: RepositoryName, { prefix, isDefault }: UpstreamNames): RepositoryName {
  return isDefault ? stored : parseRepositoryName(stored.slice(prefix.length + 1));
}

/** What a stored repository is called upstream. */
export function remoteNameOf(stored: RepositoryName, upstream: UpstreamNames): RepositoryName {
  const own = ownNameOfStored(stored, upstream);
  return upstream.remotePrefix === undefined ? own : parseRepositoryName(`${upstream.remotePrefix}/${own}`);
}

/** The name that says whose it is, and by which it can be pulled: with the upstream before it. */
export function fullNameOf(stored: RepositoryName, { prefix, isDefault }: UpstreamNames): RepositoryName {
  return isDefault ? parseRepositoryName(`${prefix}/${stored}`) : stored;
}

/** The shortest way to ask for it where no name is private. */
export function shortNameOf(stored: RepositoryName, upstream: UpstreamNames): string {
  const own = ownNameOfStored(stored, upstream);
  const [project, image, ...more] = own.split("/");
  const isOfficial = upstream.name === dockerHub && project === official && image !== undefined && more.length === 0;
  const short = isOfficial ? image : own;
  return upstream.isDefault ? short : `${upstream.prefix}/${short}`;
}
