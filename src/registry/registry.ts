import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Whether a client adds content or deletes it: each has its own right. */
export type ChangeAction = "push" | "delete";

/** Names to repositories: all that `http/` knows of the mode that Berth runs in. */
export interface Registry {
  /**
   * @param namespace the registry that the client means, from containerd's `?ns=`
   * @throws RegistryError if the name belongs to nobody, or what lies here under it is not its owner's
   */
  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository>;
  /** @throws RegistryError UNSUPPORTED, with a sentence that tells what to do, if the name cannot be pushed to */
  push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository>;
  /** Names of the repositories that hold content, in code point order. */
  catalog(page: Page, context: Context): Promise<PageOf<string>>;
}
