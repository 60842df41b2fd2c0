import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { ChangeAction, Registry } from "./registry.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Puts an observing repository in front of one. */
export interface Observation {
  /** For pulls; without it, they are not observed. */
  pull?(repository: PullRepository): PullRepository;
  push(repository: PushRepository): PushRepository;
}

/** A registry whose changes are observed, and its pulls if wanted. */
export class ObservedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #observation: Observation;

  constructor(registry: Registry, observation: Observation) {
    this.#registry = registry;
    this.#observation = observation;
  }

  async pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    const repository = await this.#registry.pull(name, namespace, context);
    return this.#observation.pull?.(repository) ?? repository;
  }

  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    return this.#observation.push(await this.#registry.push(name, namespace, context, action));
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#registry.catalog(page, context);
  }
}
