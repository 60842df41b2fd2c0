import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { ChangeAction, Registry } from "../registry/registry.js";
import type { PullRepository, PushRepository } from "../registry/repository.js";
import type { EventJournal } from "./event-journal.js";
import { JournaledRepository } from "./journaled-repository.js";

/** A registry whose changes become events. */
export class JournaledRegistry implements Registry {
  readonly #registry: Registry;
  readonly #journal: EventJournal;

  constructor(registry: Registry, journal: EventJournal) {
    this.#registry = registry;
    this.#journal = journal;
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
    return new JournaledRepository(await this.#registry.push(name, namespace, context, action), this.#journal);
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#registry.catalog(page, context);
  }
}
