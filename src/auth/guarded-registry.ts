import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import type { Page, PageOf } from "../oci/listing.js";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { ChangeAction, Registry } from "../registry/registry.js";
import type { PullRepository, PushRepository } from "../registry/repository.js";
import { GuardedRepository } from "./guarded-repository.js";

/** Number of names read at a time while a list is filtered to what the client may pull. */
const catalogPageSize = 1_000;

/** A registry in which each client can do and see only what the rules allow. */
export class GuardedRegistry implements Registry {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Throws what it refuses, rather than returning a rejected promise: one promise less for each request. */
  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    context.access?.require("pull", name, namespace);
    return this.#registry.pull(name, namespace, context);
  }

  /** Also for a client that may only delete: each method of the repository checks its own right. */
  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    const { access } = context;
    if (access === undefined) return this.#registry.push(name, namespace, context, action);
    access.require(action, name, namespace);
    return new GuardedRepository(await this.#registry.push(name, namespace, context, action), name, namespace);
  }

  /** Lists only what the client may pull. */
  async catalog(page: Page, context: Context): Promise<PageOf<string>> {
    const { access } = context;
    if (access === undefined) return this.#registry.catalog(page, context);
    access.requireCatalog();
    const breaks = new EventLoopBreaks();
    const items: string[] = [];
    let last = page.last;
    for (;;) {
      context.signal.throwIfAborted();
      const next = await this.#registry.catalog(
        { ...page, limit: catalogPageSize, ...(last !== undefined && { last }) },
        context,
      );
      for (const name of next.items) {
        await breaks.take();
        if (isRepositoryName(name) && access.lists(name)) items.push(name);
      }
      if (items.length > page.limit) return { items: items.slice(0, page.limit), more: true };
      last = next.items.at(-1);
      if (!next.more || last === undefined) return { items, more: false };
    }
  }
}
