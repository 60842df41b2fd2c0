import { BoundedMap } from "../../foundation/bounded-map.js";
import type { RepositoryName } from "../../oci/repository-name.js";

const maxRepositories = 10_000;

/** Repositories that refused a new token, so that each refusal does not cost another token. */
export class RefusedTokens {
  readonly #headers = new BoundedMap<RepositoryName, string>(maxRepositories);

  note(repository: RepositoryName, header: string): void {
    this.#headers.set(repository, header);
  }

  has(repository: RepositoryName, header: string | undefined): boolean {
    return header !== undefined && this.#headers.get(repository) === header;
  }
}
