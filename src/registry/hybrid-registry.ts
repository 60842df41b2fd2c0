import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import { type Owner, type Owners, patternAround } from "./owners.js";
import type { ChangeAction, Registry } from "./registry.js";
import type { PullRepository, PushRepository } from "./repository.js";

/** Both modes at once: each name goes to its owner, and never to the other mode. */
export class HybridRegistry implements Registry {
  readonly #owners: Owners;
  readonly #private: Registry;
  readonly #proxy: Registry;

  constructor(owners: Owners, privateRegistry: Registry, proxyRegistry: Registry) {
    this.#owners = owners;
    this.#private = privateRegistry;
    this.#proxy = proxyRegistry;
  }

  async pull(name: RepositoryName, namespace: string | undefined, context: Context): Promise<PullRepository> {
    return this.#ownerOf(name, namespace).pull(name, namespace, context);
  }

  async push(
    name: RepositoryName,
    namespace: string | undefined,
    context: Context,
    action: ChangeAction,
  ): Promise<PushRepository> {
    const owner = this.#owners.of(name, namespace);
    if (owner.kind === "private") return this.#private.push(name, namespace, context, action);
    throw new RegistryError("UNSUPPORTED", `${name} cannot be pushed to: ${whyNot(name, owner)}`, {
      detail: { name, owner: owner.kind === "upstream" ? owner.upstream : undefined },
    });
  }

  async catalog(page: Page, context: Context): Promise<PageOf<string>> {
    const ours = await this.#private.catalog(page, context);
    // If private names fill the page, cached ones are only needed up to the last of them.
    const until = ours.items.length === page.limit ? ours.items.at(-1) : undefined;
    const cached = await this.#proxy.catalog({ ...page, until }, context);
    const all = [...ours.items, ...cached.items].sort();
    const items = all.slice(0, page.limit);
    return { items, more: ours.more || cached.more || items.length < all.length };
  }

  #ownerOf(name: RepositoryName, namespace: string | undefined): Registry {
    const owner = this.#owners.of(name, namespace);
    if (owner.kind !== "nobody") return owner.kind === "private" ? this.#private : this.#proxy;
    throw new RegistryError("NAME_UNKNOWN", `${name} has no owner here: ${owner.because}`, {
      detail: { name, namespace: namespace?.slice(0, 255) },
    });
  }
}

/** Tells the client what to change: the name, or the configuration. */
function whyNot(name: RepositoryName, owner: Exclude<Owner, { kind: "private" }>): string {
  const whose = owner.kind === "upstream" ? `it belongs to the upstream ${owner.upstream}` : "it has no owner";
  const remedy = owner.mayBecomePrivate
    ? `to make it private, add "${patternAround(name)}" to private.repositories`
    : "push under another name";
  return `${whose}, since ${owner.because}; ${remedy}`;
}
