import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action } from "../registry/access.js";
import type { Context } from "../registry/context.js";
import type { PushRepository } from "../registry/repository.js";
import { RepositoryDecorator } from "../registry/repository-decorator.js";

/** A repository whose methods check the client's right to pull, push or delete. */
export class GuardedRepository extends RepositoryDecorator {
  /** The name that the client used. */
  readonly #asked: RepositoryName;

  constructor(repository: PushRepository, asked: RepositoryName, namespace: string | undefined) {
    super(repository, namespace);
    this.#asked = asked;
  }

  /** Without the right to pull from the source, the client uploads as usual (distribution-spec, "Mounting a blob"). */
  override async mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean> {
    const repository = this.with("push", context);
    if (from !== undefined && context.access?.mayMount(from, this.#asked) === false) return false;
    return repository.mountBlob(digest, from, context);
  }

  protected override with(action: Action, { access }: Context): PushRepository {
    access?.require(action, this.#asked, this.namespace);
    return this.repository;
  }
}
