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
export type AuthMethod =
  | { readonly scheme: "bearer"; readonly from: TokenService }
  | { readonly scheme: "basic"; readonly authorization: string }
  | { readonly scheme: "none" };

const maxRepositories = 10_000;

/**
 * What challenges taught about the repositories of one host. Most hosts treat all alike, so a new repository is first
 * tried in the way that last worked.
 */
export class AuthMethods {
  readonly #byRepository = new BoundedMap<RepositoryName, AuthMethod>(maxRepositories);
  #usual: AuthMethod | undefined;

  learn(repository: RepositoryName, authMethod: AuthMethod): void {
    this.#byRepository.set(repository, authMethod);
  }

  /** It led to an authorization, so other repositories may try it. */
  prove(authMethod: AuthMethod): void {
    this.#usual =
      authMethod.scheme === "bearer" ? { ...authMethod, from: forAnyRepository(authMethod.from) } : authMethod;
  }

  of(repository: RepositoryName): AuthMethod | undefined {
    return this.#byRepository.get(repository) ?? this.#usual;
  }

  /** Whether the way of this very repository is known. */
  isCertain(repository: RepositoryName): boolean {
    return this.#byRepository.has(repository);
  }

  /** The way failed: the next request is sent without, so that the host can say what it wants now. */
  forget(repository: RepositoryName, authMethod: AuthMethod): void {
    this.#byRepository.delete(repository);
    if (
      this.#usual?.scheme === authMethod.scheme &&
      !(authMethod.scheme === "bearer" && realmOf(this.#usual) !== realmOf(authMethod))
    ) {
      this.#usual = undefined;
    }
  }
}

/** The scopes of one repository do not apply to others. */
function forAnyRepository(from: TokenService): TokenService {
  return { ...from, scopes: from.scopes.filter(isOpaque) };
}

function realmOf(authMethod: AuthMethod): string | undefined {
  return authMethod.scheme === "bearer" ? authMethod.from.realm.href : undefined;
}
