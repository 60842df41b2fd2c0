import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Whether a client adds content or deletes it: each needs its own right. */
export type ChangeAction = "push" | "delete";

/** Maps names to repositories: everything that `http/` knows about the mode. */
export interface Registry {
  /**
   * @param namespace the registry that the client means, from containerd's `?ns=`
   * @throws RegistryError if the name has no owner, or the content stored under it does not belong to its owner
   */
  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository>;
  /** @throws RegistryError UNSUPPORTED, with a sentence that says what to do, if the name does not accept pushes */
  push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository>;
  /** Names of the repositories that hold content, in code point order. */
  catalog(page: Page, context: Context): Promise<PageOf<string>>;
}
