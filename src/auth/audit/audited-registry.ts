import type { Page, PageOf } from "../../oci/listing.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Context } from "../../registry/context.js";
import type { ChangeAction, Registry } from "../../registry/registry.js";
import type { PullRepository, PushRepository } from "../../registry/repository.js";
import type { AuditTrail } from "./audit-trail.js";
import { AuditedRepository } from "./audited-repository.js";

/** A registry that records every change in the audit trail. */
export class AuditedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #trail: AuditTrail;

  constructor(registry: Registry, trail: AuditTrail) {
    this.#registry = registry;
    this.#trail = trail;
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
    return new AuditedRepository(await this.#registry.push(name, namespace, context, action), this.#trail);
  }

  catalog(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#registry.catalog(page, context);
  }
}
