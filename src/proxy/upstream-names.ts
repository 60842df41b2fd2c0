import { parseRepositoryName, type RepositoryName } from "../oci/repository-name.js";

/** How the names of one upstream's repositories look here and there. */
export interface UpstreamNames {
  /** Such as `docker.io`. */
  readonly name: string;
  /** First component of the names that mean it: `ghcr.io/owner/image`. */
  readonly prefix: string;
  /** Values of containerd's `?ns=` that mean it. */
  readonly namespaces: readonly string[];
  /** Whether names that name no upstream are its own. */
  readonly isDefault: boolean;
}

/** Docker Hub's official images have one component for people, and two in the registry. */
const hub = { name: "docker.io", official: "library" };

/** What a client asked for, in the upstream's words: `docker.io/alpine` and `alpine` are `library/alpine` there. */
export function remoteNameOf(asked: RepositoryName, { name, prefix }: UpstreamNames): RepositoryName {
  const remote = asked.startsWith(`${prefix}/`) ? asked.slice(prefix.length + 1) : asked;
  return parseRepositoryName(name === hub.name && !remote.includes("/") ? `${hub.official}/${remote}` : remote);
}

/** One folder for a repository, whichever way it was asked for: the default upstream's under the bare name. */
export function storedNameOf(remote: RepositoryName, { prefix, isDefault }: UpstreamNames): RepositoryName {
  return isDefault ? remote : parseRepositoryName(`${prefix}/${remote}`);
}

/** The way back from the folder's name. */
export function remoteNameOfStored(stored: RepositoryName, { prefix, isDefault }: UpstreamNames): RepositoryName {
  return isDefault ? stored : parseRepositoryName(stored.slice(prefix.length + 1));
}

export function isUnderPrefix(asked: RepositoryName, { prefix }: UpstreamNames): boolean {
  return asked.startsWith(`${prefix}/`);
}
