import { LRUCache } from "lru-cache";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { Registry } from "./registry.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Between two requests of one push may lie a slow line, not a night. */
const goesOnWithinMs = 15 * 60_000;
const rememberedPushes = 10_000;

/** Older ones have had their time. */
const rememberedRegistries = 4;

/**
 * A registry that can be exchanged while it is used. Requests go on with what they began with, and a push that began
 * before may be finished, its manifest included, where names belong to somebody else now.
 */
export class SwitchableRegistry implements Registry {
  /** The one that holds, and after it those that held before. */
  #registries: readonly [Registry, ...Registry[]];
  /** Repositories that were pushed to of late. */
  readonly #pushedTo = new LRUCache<RepositoryName, true>({ max: rememberedPushes, ttl: goesOnWithinMs });

  constructor(first: Registry) {
    this.#registries = [first];
  }

  get #current(): Registry {
    return this.#registries[0];
  }

  switchTo(next: Registry): void {
    this.#registries = [next, ...this.#registries.slice(0, rememberedRegistries)];
  }

  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    return this.#current.pull(name, namespace, context);
  }

  async push(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PushRepository> {
    const repository = await this.#pushOrFinish(name, namespace, context);
    this.#pushedTo.set(name, true);
    return repository;
  }

  catalog(page: Page): Promise<PageOf<string>> {
    return this.#current.catalog(page);
  }

  async #pushOrFinish(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PushRepository> {
    try {
      return await this.#current.push(name, namespace, context);
    } catch (refusal) {
      if (!(refusal instanceof RegistryError) || !this.#pushedTo.has(name)) throw refusal;
      for (const before of this.#registries.slice(1)) {
        const repository = await before.push(name, namespace, context).catch(() => undefined);
        if (repository !== undefined) return repository;
      }
      throw refusal;
    }
  }
}
