import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { PushRepository } from "../registry/repository.js";
import type { Storage } from "../storage/storage.js";
import type { TagDecision, Times } from "./decide-tags.js";
import { FirstRuns } from "./first-runs.js";
import type { Policies } from "./policies.js";
import { planRepository, type RepositoryPlan } from "./repository-plan.js";

/** Where a run deletes tags, as a client would. */
export interface TagDeletion {
  readonly context: Context;
  isPrivate(name: RepositoryName): boolean;
  repository(name: RepositoryName, action: "delete"): Promise<PushRepository>;
}

/** Receives what a run finds and does. */
export interface RetentionReport {
  planned(plan: RepositoryPlan): void;
  deleted(plan: RepositoryPlan, decision: TagDecision): void;
  /** The repository waits for a yes: the policies are new, and would remove much of it. */
  waits(plan: RepositoryPlan): void;
  /** In a sentence. */
  problem(problem: string): void;
}

export interface RetentionSettings {
  readonly policies: Policies;
  readonly times: Times;
  readonly report: RetentionReport;
  /** Whether a repository is wanted; without it, all are. */
  readonly only?: ReadonlySet<RepositoryName> | undefined;
  /** Whether the operator agrees to whatever policies remove when they are applied for the first time. */
  readonly isConfirmed: boolean;
  /** Called between two steps: waits as long as others should go first. @throws if the run is to end */
  pace(): Promise<void>;
}

/** The outcome of a run. */
export interface Retention {
  readonly repositories: number;
  readonly tags: number;
  readonly deleted: number;
  /** Repositories that wait for a yes. */
  readonly waiting: readonly RepositoryName[];
}

/** What a run would do; changes nothing. */
export async function planRetention(
  storage: Storage,
  settings: RetentionSettings,
  isPrivate: (name: RepositoryName) => boolean,
): Promise<Retention> {
  const firstRuns = new FirstRuns(storage, settings.isConfirmed);
  return run(storage, { ...settings, firstRuns, isPrivate, act: async ({ leaving }) => leaving.length });
}

/**
 * Deletes the tags that no policy keeps. Before each deletion the tag is looked at again: one that was pushed or moved
 * meanwhile stays.
 */
export async function applyRetention(
  storage: Storage,
  settings: RetentionSettings,
  deletion: TagDeletion,
): Promise<Retention> {
  return storage.withLock(
    "retention",
    async (lost) => {
      const pace = async () => {
        lost.throwIfAborted();
        await settings.pace();
      };
      const firstRuns = new FirstRuns(storage, settings.isConfirmed);
      const result = await run(storage, {
        ...settings,
        pace,
        firstRuns,
        isPrivate: (name) => deletion.isPrivate(name),
        act: (plan) => deleteLeaving(storage, plan, deletion, { ...settings, pace }),
      });
      if (settings.only === undefined) {
        await firstRuns.finish();
        await storage.retentions.writeLast(settings.times.nowMs);
      } else {
        await firstRuns.finishFor(settings.only);
      }
      return result;
    },
    { waitMs: 1_000 },
  );
}

interface Run extends RetentionSettings {
  readonly firstRuns: FirstRuns;
  isPrivate(name: RepositoryName): boolean;
  /** @returns the number of tags that are deleted */
  act(plan: RepositoryPlan): Promise<number>;
}

async function run(storage: Storage, settings: Run): Promise<Retention> {
  const { policies, times, report, firstRuns, act } = settings;
  const outcome = { repositories: 0, tags: 0, deleted: 0 };
  for await (const name of concerned(storage, settings)) {
    await settings.pace();
    const plan = await planRepository(storage, name, policies.of(name), times);
    report.planned(plan);
    outcome.repositories++;
    outcome.tags += plan.decisions.length;
    if (await firstRuns.mustWait(plan)) report.waits(plan);
    else outcome.deleted += await act(plan);
  }
  return { ...outcome, waiting: firstRuns.waiting };
}

/** Private repositories for which a policy says which tags are kept. */
async function* concerned(storage: Storage, { policies, only, isPrivate }: Run): AsyncIterable<RepositoryName> {
  for await (const { name, holdsManifests } of storage.index.repositories()) {
    if (!holdsManifests || (only !== undefined && !only.has(name)) || policies.of(name).rules.length === 0) continue;
    if (isPrivate(name) && (await storage.owners.readOwner(name)) === undefined) yield name;
  }
}

async function deleteLeaving(
  storage: Storage,
  plan: RepositoryPlan,
  deletion: TagDeletion,
  { report, pace }: Pick<RetentionSettings, "report" | "pace">,
): Promise<number> {
  if (plan.leaving.length === 0) return 0;
  const target = await deletion.repository(plan.name, "delete");
  let deleted = 0;
  for (const decision of plan.leaving) {
    await pace();
    const { tag, digest, pushedMs } = decision;
    const isUnchanged = async () => {
      const moved = await storage.tags.lastMove(plan.name, tag);
      return (await storage.tags.find(plan.name, tag)) === digest && moved?.atMs === pushedMs;
    };
    try {
      await target.deleteTag(tag, deletion.context, isUnchanged);
      deleted++;
      report.deleted(plan, decision);
    } catch (error) {
      // Someone has deleted or moved it meanwhile.
      if (!(error instanceof RegistryError) || error.status === 503) throw error;
      if (error.status !== 404) report.problem(`${plan.name}:${tag} stays: ${error.message}`);
    }
  }
  return deleted;
}
