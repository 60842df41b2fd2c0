import { LRUCache } from "lru-cache";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOpaque } from "./scopes.js";

/** Where tokens come from, and what for. */
export interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Beside that of the repository itself, as the challenge wants them. */
  readonly scopes: readonly string[];
}

/** How a repository wants to be asked. */
export type Way =
  | { readonly scheme: "bearer"; readonly from: TokenService }
  | { readonly scheme: "basic"; readonly authorization: string }
  | { readonly scheme: "none" };

const maxRepositories = 10_000;

/**
 * What challenges taught about the repositories of one host. Most hosts have one way for all, so a repository that is
 * new is tried in the way that last led somewhere.
 */
export class Ways {
  readonly #byRepository = new LRUCache<RepositoryName, Way>({ max: maxRepositories });
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

  /** Whether the way of this repository is known, and not only that of others. */
  isCertain(repository: RepositoryName): boolean {
    return this.#byRepository.has(repository);
  }

  /** The way led nowhere: the next question is asked without any, so that the host can say where to go now. */
  forget(repository: RepositoryName, way: Way): void {
    this.#byRepository.delete(repository);
    if (this.#usual?.scheme === way.scheme && !(way.scheme === "bearer" && realmOf(this.#usual) !== realmOf(way))) {
      this.#usual = undefined;
    }
  }
}

/** Scopes of one repository are nothing to others. */
function forAnyRepository(from: TokenService): TokenService {
  return { ...from, scopes: from.scopes.filter(isOpaque) };
}

function realmOf(way: Way): string | undefined {
  return way.scheme === "bearer" ? way.from.realm.href : undefined;
}
