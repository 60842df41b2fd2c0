import { LRUCache } from "lru-cache";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { ChangeAction, Registry } from "./registry.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Between two requests of one push may lie a slow line, not a night. */
const goesOnWithinMs = 15 * 60_000;
const rememberedPushes = 10_000;

/** However often it is gone on with: who pushes without end must not keep what was taken from them. */
const mostMs = 6 * 60 * 60_000;

/** Older ones have had their time. */
const rememberedRegistries = 4;

interface Former {
  readonly registry: Registry;
  readonly untilMs: number;
}

/**
 * A registry that can be exchanged while it is used. Requests go on with what they began with, and a push that began
 * before may be finished, its manifest included, where names belong to somebody else now.
 */
export class SwitchableRegistry implements Registry {
  #current: Registry;
  /** Those that held before, the latest first. */
  #former: readonly Former[] = [];
  /** Who pushed to which repositories of late. */
  readonly #pushes = new LRUCache<string, true>({ max: rememberedPushes, ttl: goesOnWithinMs });

  constructor(first: Registry) {
    this.#current = first;
  }

  switchTo(next: Registry): void {
    const replaced = { registry: this.#current, untilMs: performance.now() + mostMs };
    this.#former = [replaced, ...this.#former].slice(0, rememberedRegistries);
    this.#current = next;
  }

  pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    return this.#current.pull(name, namespace, context);
  }

  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    const repository = await this.#pushOrFinish(name, namespace, context, action);
    this.#pushes.set(pushOf(name, context), true);
    return repository;
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#current.catalog(page, context);
  }

  async #pushOrFinish(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    try {
      return await this.#current.push(name, namespace, context, action);
    } catch (refusal) {
      if (!(refusal instanceof RegistryError) || !this.#pushes.has(pushOf(name, context))) throw refusal;
      for (const { registry, untilMs } of this.#former) {
        if (performance.now() > untilMs) break;
        const repository = await registry.push(name, namespace, context, action).catch(() => undefined);
        if (repository !== undefined) return repository;
      }
      throw refusal;
    }
  }
}

/** Of the caller only the address is known. */
function pushOf(name: RepositoryName, { caller }: Context): string {
  return `${caller.address} ${name}`;
}
