import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { ChangeAction, Registry } from "./registry.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** A registry whose changes are observed: every repository that can be changed has an observing one in front of it. */
export class ObservedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #observe: (repository: PushRepository) => PushRepository;

  constructor(registry: Registry, observe: (repository: PushRepository) => PushRepository) {
    this.#registry = registry;
    this.#observe = observe;
  }

  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    return this.#registry.pull(name, namespace, context);
  }

  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    return this.#observe(await this.#registry.push(name, namespace, context, action));
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#registry.catalog(page, context);
  }
}
