import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Names to repositories: all that `http/` knows of the mode that Berth runs in. */
export interface Registry {
  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  pull(name: RepositoryName, namespace?: string): PullRepository;
  /** @throws RegistryError UNSUPPORTED, with a sentence that tells what to do, if the name cannot be pushed to */
  push(name: RepositoryName, namespace?: string): PushRepository;
  /** Names of the repositories that hold content, in code point order. */
  catalog(page: Page): Promise<PageOf<string>>;
}
