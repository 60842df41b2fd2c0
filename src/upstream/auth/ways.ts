import { BoundedMap } from "../../foundation/bounded-map.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOpaque } from "./scopes.js";

/** Where to get tokens, and for which scopes. */
export interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
  /** In addition to the repository's own scope, as the challenge demands. */
  readonly scopes: readonly string[];
}

/** How a repository wants requests to be authorized. */
export type Way =
  | { readonly scheme: "bearer"; readonly from: TokenService }
  | { readonly scheme: "basic"; readonly authorization: string }
  | { readonly scheme: "none" };

const maxRepositories = 10_000;

/**
 * What challenges taught about the repositories of one host. Most hosts treat all alike, so a new repository is first
 * tried in the way that last worked.
 */
export class Ways {
  readonly #byRepository = new BoundedMap<RepositoryName, Way>(maxRepositories);
  #usual: Way | undefined;

  learn(repository: RepositoryName, way: Way): void {
    this.#byRepository.set(repository, way);
  }

  /** It led to an authorization, so other repositories may try it. */
  prove(way: Way): void {
    this.#usual = way.scheme === "bearer" ? { ...way, from: forAnyRepository(way.from) } : way;
  }

  of(repository: RepositoryName): Way | undefined {
    return this.#byRepository.get(repository) ?? this.#usual;
  }

  /** Whether the way of this very repository is known. */
  isCertain(repository: RepositoryName): boolean {
    return this.#byRepository.has(repository);
  }

  /** The way failed: the next request is sent without, so that the host can say what it wants now. */
  forget(repository: RepositoryName, way: Way): void {
    this.#byRepository.delete(repository);
    if (this.#usual?.scheme === way.scheme && !(way.scheme === "bearer" && realmOf(this.#usual) !== realmOf(way))) {
      this.#usual = undefined;
    }
  }
}

/** The scopes of one repository do not apply to others. */
function forAnyRepository(from: TokenService): TokenService {
  return { ...from, scopes: from.scopes.filter(isOpaque) };
}

function realmOf(way: Way): string | undefined {
  return way.scheme === "bearer" ? way.from.realm.href : undefined;
}
