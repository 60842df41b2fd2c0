import { createHash } from "node:crypto";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import type { RepositoryPolicy } from "./policies.js";
import type { RepositoryPlan } from "./repository-plan.js";

/** Policies that are applied for the first time may remove this part of a repository without asking. */
const freelyRemoved = 1 / 5;

/**
 * Lets policies that are new or changed not remove much of a repository before the operator says yes: a pattern that is
 * wrong by one character would otherwise empty it (GitLab, issue 325429). Policies count as new until a run over all
 * repositories has ended.
 */
export class FirstRuns {
  readonly waiting: RepositoryName[] = [];
  readonly #storage: Storage;
  readonly #isConfirmed: boolean;
  /** What was known before this run, by the fingerprint of the policies for a repository. */
  readonly #known = new Map<string, ReadonlySet<RepositoryName> | undefined>();
  readonly #waitingBy = new Map<string, RepositoryName[]>();

  constructor(storage: Storage, isConfirmed: boolean) {
    this.#storage = storage;
    this.#isConfirmed = isConfirmed;
  }

  /** Whether nothing of the repository may be removed yet. */
  async mustWait({ name, policy, decisions, leaving }: RepositoryPlan): Promise<boolean> {
    const fingerprint = fingerprintOf(policy);
    const known = await this.#knownOf(fingerprint);
    const isNew = known === undefined || known.has(name);
    if (!isNew || this.#isConfirmed || leaving.length <= decisions.length * freelyRemoved) return false;
    this.waiting.push(name);
    this.#waitingBy.get(fingerprint)?.push(name);
    return true;
  }

  /** Remembers what waits, once all repositories were looked at. */
  async finish(): Promise<void> {
    for (const [fingerprint, waiting] of this.#waitingBy) {
      const before = this.#known.get(fingerprint);
      const isSame = before?.size === waiting.length && waiting.every((name) => before.has(name));
      if (!isSame) await this.#storage.retentions.writeApplied(fingerprint, { waiting });
    }
    await this.#storage.retentions.keepOnly(new Set(this.#waitingBy.keys()));
  }

  /** The same after a run over some repositories, which says nothing of the others. */
  async finishFor(looked: ReadonlySet<RepositoryName>): Promise<void> {
    for (const [fingerprint, waiting] of this.#waitingBy) {
      const before = this.#known.get(fingerprint);
      if (before === undefined) continue;
      const others = [...before].filter((name) => !looked.has(name));
      await this.#storage.retentions.writeApplied(fingerprint, { waiting: [...others, ...waiting] });
    }
  }

  async #knownOf(fingerprint: string): Promise<ReadonlySet<RepositoryName> | undefined> {
    if (!this.#waitingBy.has(fingerprint)) {
      const applied = await this.#storage.retentions.applied(fingerprint);
      this.#known.set(fingerprint, applied && new Set(applied.waiting));
      this.#waitingBy.set(fingerprint, []);
    }
    return this.#known.get(fingerprint);
  }
}

/** Differs if anything changes that decides which tags stay. */
function fingerprintOf({ settings }: RepositoryPolicy): string {
  const deciding = settings.map(({ repositories, keep, immutable, protected: guarded }) => [
    repositories,
    keep,
    immutable,
    guarded,
  ]);
  return createHash("sha256").update(JSON.stringify(deciding)).digest("hex").slice(0, 32);
}
