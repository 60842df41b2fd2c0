import { LRUCache } from "lru-cache";
import type { RepositoryName } from "../oci/repository-name.js";
import { NamePatterns } from "./name-patterns.js";

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
  /** What its repositories' names begin with there and not here, such as a project. */
  readonly remotePrefix?: string | undefined;
}

/** Whom a name belongs to. */
export type Owner = Reason &
  (
    | { readonly kind: "private" }
    | { readonly kind: "upstream"; readonly upstream: string }
    | { readonly kind: "nobody" }
  );

interface Reason {
  /** Goes on a sentence. */
  readonly because: string;
  /** What in `private.repositories` would make the name private; `undefined` if nothing could, or it is. */
  readonly pattern?: string;
}

const remembered = 20_000;

/** Docker Hub has no namespace with a dot in it, so a name that begins with a host is another registry's. */
export const dockerHub = "docker.io";

/** Decides from the configuration alone whom a repository name belongs to. Each name has one owner. */
export class Owners {
  readonly #patterns: NamePatterns;
  readonly #prefixes: ReadonlyMap<string, string>;
  readonly #namespaces: ReadonlyMap<string, string>;
  readonly #default: string | undefined;
  /** Of the names that no rule gives to anybody. */
  readonly #others: Owner;
  readonly #known = new LRUCache<string, Owner>({ max: remembered });

  /**
   * @param privateNames patterns of the names that are ours
   * @param others whose the names are that no pattern and no upstream takes
   */
  constructor(privateNames: readonly string[], upstreams: readonly UpstreamNames[], others: "private" | "nobody") {
    this.#patterns = new NamePatterns(privateNames);
    this.#prefixes = new Map(upstreams.map(({ prefix, name }) => [prefix, name]));
    this.#namespaces = new Map(
      upstreams.flatMap(({ namespaces, name }) => namespaces.map((namespace) => [namespace, name])),
    );
    this.#default = upstreams.find(({ isDefault }) => isDefault)?.name;
    const because = "no upstream is called so, and proxy.default is not set";
    this.#others = { kind: others, because };
  }

  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  of(name: RepositoryName, namespace?: string): Owner {
    const question = namespace === undefined ? name : `${name}?${namespace.slice(0, 255)}`;
    const known = this.#known.get(question);
    if (known !== undefined) return known;
    const owner =
      this.#byPrefix(name) ?? this.#byNamespace(namespace) ?? this.#byPattern(name) ?? this.#byDefault(name);
    this.#known.set(question, owner);
    return owner;
  }

  #byPrefix(name: RepositoryName): Owner | undefined {
    const end = name.indexOf("/");
    const first = name.slice(0, Math.max(0, end));
    const upstream = this.#prefixes.get(first);
    return upstream === undefined
      ? undefined
      : { kind: "upstream", upstream, because: `it begins with ${first}/, which means the upstream ${upstream}` };
  }

  #byNamespace(namespace: string | undefined): Owner | undefined {
    if (namespace === undefined) return undefined;
    const upstream = this.#namespaces.get(namespace);
    if (upstream === undefined) {
      const because = `the client asks for it as one of ${namespace.slice(0, 255)} (?ns=), which is no upstream here`;
      return { kind: "nobody", because };
    }
    // A mirror's client names the default upstream with every name; that takes nothing from what is private.
    if (upstream === this.#default) return undefined;
    return { kind: "upstream", upstream, because: `the client asks for it as one of ${namespace} (?ns=)` };
  }

  #byPattern(name: RepositoryName): Owner | undefined {
    const pattern = this.#patterns.find(name);
    return pattern === undefined
      ? undefined
      : { kind: "private", because: `it fits "${pattern}" of private.repositories` };
  }

  #byDefault(name: RepositoryName): Owner {
    if (this.#default === undefined) return this.#others;
    const first = name.slice(0, Math.max(0, name.indexOf("/")));
    if (this.#default === dockerHub && (first.includes(".") || first === "localhost")) {
      const because = `${first} looks like another registry, and is none of proxy.upstreams`;
      return { kind: "nobody", because, pattern: patternAround(name) };
    }
    const because = "it begins with no upstream's name and fits no pattern of private.repositories";
    return { kind: "upstream", upstream: this.#default, because, pattern: patternAround(name) };
  }
}

/** The pattern of the names that people keep together: those with the same beginning. */
function patternAround(name: RepositoryName): string {
  const end = name.lastIndexOf("/");
  return end < 0 ? name : `${name.slice(0, end)}/*`;
}
