import { dockerHub, isHubName, registryCalled } from "../oci/docker-hub.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { NamePatterns } from "./name-patterns.js";

/** The names of one upstream's repositories, here and there. */
export interface UpstreamNames {
  /** Such as `docker.io`. */
  readonly name: string;
  /** First component of its names: `ghcr.io/owner/image`. */
  readonly prefix: string;
  /** Values of containerd's `?ns=` that select it. */
  readonly namespaces: readonly string[];
  /** Whether it owns the names without the prefix of an upstream. */
  readonly isDefault: boolean;
  /** A path that its repository names begin with there, but not here, such as a project. */
  readonly remotePrefix?: string | undefined;
}

/** The owner of a name. */
export type Owner = Reason &
  (
    | { readonly kind: "private" }
    | { readonly kind: "upstream"; readonly upstream: string }
    | { readonly kind: "nobody" }
  );

interface Reason {
  /** Appended to a sentence. */
  readonly because: string;
  /** Whether a pattern in `private.repositories` would make the name private. */
  readonly mayBecomePrivate: boolean;
}

/**
 * Decides from the configuration alone who owns a repository name. Each name has one owner. Every request needs the
 * answer, so the possible answers are prepared once.
 */
export class Owners {
  readonly #patterns: NamePatterns;
  readonly #byPattern: ReadonlyMap<string, Owner>;
  readonly #byPrefix: ReadonlyMap<string, Owner>;
  readonly #byNamespace: ReadonlyMap<string, Owner>;
  /** Docker Hub, by any of the names that clients have for it. */
  readonly #hub: Owner | undefined;
  readonly #default: string | undefined;
  readonly #rest: Owner;

  /**
   * @param privateNames patterns of private names
   * @param others the owner of names that match no pattern and no upstream
   */
  constructor(privateNames: readonly string[], upstreams: readonly UpstreamNames[], others: "private" | "nobody") {
    this.#patterns = new NamePatterns(privateNames);
    this.#byPattern = new Map(privateNames.map((pattern) => [pattern, ownerByPattern(pattern)]));
    this.#byPrefix = new Map(upstreams.map((upstream) => [upstream.prefix, ownerByPrefix(upstream)]));
    this.#byNamespace = new Map(
      upstreams.flatMap(({ namespaces, name }) => namespaces.map((each) => [each, ownerByNamespace(each, name)])),
    );
    const hub = upstreams.find(({ name }) => name === dockerHub);
    this.#hub = hub && ownerByPrefix(hub);
    this.#default = upstreams.find(({ isDefault }) => isDefault)?.name;
    this.#rest = ownerOfRest(this.#default, others);
  }

  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  of(name: RepositoryName, namespace?: string): Owner {
    const first = name.slice(0, Math.max(0, name.indexOf("/")));
    const prefixed = this.#byPrefix.get(first);
    if (prefixed !== undefined) return prefixed;
    const meant = namespace === undefined ? undefined : this.#ofNamespace(namespace);
    if (meant !== undefined) return meant;
    const pattern = this.#patterns.find(name);
    const own = pattern === undefined ? undefined : this.#byPattern.get(pattern);
    return own ?? this.#ofNobodyElse(first);
  }

  /** A mirror's client sends the default upstream with every name; that does not affect private names. */
  #ofNamespace(namespace: string): Owner | undefined {
    const owner = this.#byNamespace.get(namespace) ?? this.#byNamespace.get(registryCalled(namespace));
    if (owner === undefined) return unknownNamespace(namespace);
    return owner.kind === "upstream" && owner.upstream === this.#default ? undefined : owner;
  }

  #ofNobodyElse(first: string): Owner {
    const hub = this.#rest.kind === "private" || !isHubName(first) ? undefined : this.#hub;
    if (hub !== undefined) return hub;
    const isHost = this.#default === dockerHub && (first.includes(".") || first === "localhost");
    return isHost ? unknownHost(first) : this.#rest;
  }
}

/** The pattern of the names that belong together with this one: those with the same beginning. */
export function patternAround(name: RepositoryName): string {
  const end = name.lastIndexOf("/");
  return end < 0 ? name : `${name.slice(0, end)}/*`;
}

function ownerByPattern(pattern: string): Owner {
  return { kind: "private", because: `it matches "${pattern}" in private.repositories`, mayBecomePrivate: false };
}

function ownerByPrefix({ name, prefix }: UpstreamNames): Owner {
  const because = `it begins with ${prefix}/, the prefix of the upstream ${name}`;
  return { kind: "upstream", upstream: name, because, mayBecomePrivate: false };
}

function ownerByNamespace(namespace: string, name: string): Owner {
  const because = `the client names the registry ${namespace} (?ns=)`;
  return { kind: "upstream", upstream: name, because, mayBecomePrivate: false };
}

function ownerOfRest(byDefault: string | undefined, others: "private" | "nobody"): Owner {
  if (byDefault === undefined) {
    const because = "it begins with no upstream's name, and proxy.default is not set";
    return { kind: others, because, mayBecomePrivate: others === "nobody" };
  }
  const because = "it begins with no upstream's name and matches no pattern in private.repositories";
  return { kind: "upstream", upstream: byDefault, because, mayBecomePrivate: true };
}

function unknownNamespace(namespace: string): Owner {
  const shown = namespace.slice(0, 255);
  const because = `the client names the registry ${shown} (?ns=), which is not an upstream here`;
  return { kind: "nobody", because, mayBecomePrivate: false };
}

function unknownHost(first: string): Owner {
  const because = `${first} looks like another registry, and is not in proxy.upstreams`;
  return { kind: "nobody", because, mayBecomePrivate: true };
}
