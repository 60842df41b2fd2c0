import { BoundedMap } from "../foundation/bounded-map.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { ChangeAction, Registry } from "./registry.js";
import type { PushRepository } from "./repository.js";

/** The time between two requests of one push: long enough for a slow connection, but not for a night. */
const continuedWithinMs = 15 * 60_000;
const rememberedPushes = 10_000;

/** The end of all earlier pushes: a client that pushes without end must not keep names that now belong to others. */
const mostMs = 6 * 60 * 60_000;

/** Older ones have had enough time. */
const rememberedRegistries = 4;

interface Former {
  readonly registry: Registry;
  readonly untilMs: number;
}

/**
 * Lets clients finish a push, including its manifest, that began under an earlier configuration in which the name had
 * another owner. One for the whole process: it remembers recent pushes, and the registries that were replaced.
 */
export class ContinuedPushes {
  /** The latest first. */
  #former: readonly Former[] = [];
  /** Recent pushes, by client and repository. */
  readonly #pushes = new BoundedMap<string, true>(rememberedPushes, continuedWithinMs);

  /** A registry that also accepts pushes which began with earlier ones. */
  across(registry: Registry): Registry {
    return new ContinuingRegistry(registry, this);
  }

  /** The registry was replaced; pushes that began with it may continue. */
  retire(registry: Registry): void {
    this.#former = [{ registry, untilMs: performance.now() + mostMs }, ...this.#former].slice(0, rememberedRegistries);
  }

  begun(name: RepositoryName, context: Context): void {
    this.#pushes.set(pushOf(name, context), true);
  }

  /** The repository of the registry that the client began its push with, if there is one. */
  async find(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository | undefined> {
    if (!this.#pushes.has(pushOf(name, context))) return undefined;
    for (const { registry, untilMs } of this.#former) {
      if (performance.now() > untilMs) return undefined;
      const repository = await registry.push(name, namespace, context, action).catch(() => undefined);
      if (repository !== undefined) return repository;
    }
    return undefined;
  }
}

class ContinuingRegistry implements Registry {
  /** Only pushes continue across configurations: a pull goes directly to the registry. */
  readonly pull: Registry["pull"];
  readonly #registry: Registry;
  readonly #pushes: ContinuedPushes;

  constructor(registry: Registry, pushes: ContinuedPushes) {
    this.pull = registry.pull.bind(registry);
    this.#registry = registry;
    this.#pushes = pushes;
  }

  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    const repository = await this.#registry.push(name, namespace, context, action).catch(async (refusal: unknown) => {
      const begun = refusal instanceof RegistryError && (await this.#pushes.find(name, namespace, context, action));
      if (!begun) throw refusal;
      return begun;
    });
    this.#pushes.begun(name, context);
    return repository;
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#registry.catalog(page, context);
  }
}

/** A client is known only by its address. */
function pushOf(name: RepositoryName, { caller }: Context): string {
  return `${caller.address} ${name}`;
}
