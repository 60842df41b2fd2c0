import { LRUCache } from "lru-cache";
import type { RepositoryName } from "../../oci/repository-name.js";

const maxRepositories = 10_000;

/** Which repositories refused a token though it was new, so that a refusal costs no further token each time. */
export class RefusedTokens {
  readonly #headers = new LRUCache<RepositoryName, string>({ max: maxRepositories });

  note(repository: RepositoryName, header: string): void {
    this.#headers.set(repository, header);
  }

  has(repository: RepositoryName, header: string | undefined): boolean {
    return header !== undefined && this.#headers.get(repository) === header;
  }
}
