import { AuditedRepository } from "../auth/audit/audited-repository.js";
import type { Config } from "../config/schema.js";
import type { EventMetrics } from "../metrics/event-metrics.js";
import type { Logger } from "../observability/logger.js";
import type { OwnTask } from "../oci/actor.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { PrivateRegistry } from "../private/private-registry.js";
import type { Context } from "../registry/context.js";
import { ObservedRegistry } from "../registry/observed-registry.js";
import type { ChangeAction, Registry } from "../registry/registry.js";
import type { PushRepository } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import { openAuditTrail } from "./access/audit-writer.js";
import { notificationsOf } from "./events.js";
import { privateNamesOf } from "./private-names.js";
import { privateRulesOf } from "./private-rules.js";

interface OwnChangesParts {
  readonly storage: Storage;
  readonly metrics?: EventMetrics | undefined;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The private repositories as Berth itself changes them: without access control, but with events, audit trail, and all
 * rules that protect content. A running server sends the events.
 */
export class OwnChanges {
  readonly context: Context;
  readonly isPrivate: (name: RepositoryName) => boolean;
  readonly #registry: Registry;

  /** @throws ConfigError if the audit trail cannot be written */
  static async open(config: Config, ownTask: OwnTask, parts: OwnChangesParts): Promise<OwnChanges> {
    const { storage, metrics, log, signal = new AbortController().signal } = parts;
    // `private.delete` is about clients.
    const registry = new PrivateRegistry(storage, { ...privateRulesOf(config), delete: true });
    const notifications = await notificationsOf(config, { storage, metrics, log });
    const observed = notifications.observe(registry);
    const audit = await openAuditTrail(config.access?.audit, log);
    const audited =
      audit === undefined
        ? observed
        : new ObservedRegistry(observed, { push: (repository) => new AuditedRepository(repository, audit) });
    const caller = { address: `berth ${ownTask}`, network: "" };
    return new OwnChanges(config, audited, { id: ownTask, signal, caller, ownTask, log });
  }

  private constructor(config: Config, registry: Registry, context: Context) {
    this.isPrivate = privateNamesOf(config);
    this.#registry = registry;
    this.context = context;
  }

  /** @throws RegistryError if the name is not private, or nothing may be changed */
  async repository(name: RepositoryName, action: ChangeAction): Promise<PushRepository> {
    if (!this.isPrivate(name)) throw new RegistryError("UNSUPPORTED", `${name} is not private here (see: berth owner)`);
    return this.#registry.push(name, undefined, this.context, action);
  }
}
