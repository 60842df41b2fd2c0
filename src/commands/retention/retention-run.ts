import { beginWork } from "../../maintenance/collection-lock.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import { LockError } from "../../oci/storage-error.js";
import { showTime, type TagDecision } from "../../retention/decide-tags.js";
import type { RepositoryPlan } from "../../retention/repository-plan.js";
import {
  applyRetention,
  planRetention,
  type Retention,
  type RetentionReport,
  type RetentionSettings,
} from "../../retention/retention-run.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { OwnChanges } from "../../serving/own-changes.js";
import { privateNamesOf } from "../../serving/private-names.js";
import { type OpenedRetention, openRetention } from "./opened-retention.js";

interface RunOptions {
  readonly config?: string;
  readonly json?: true;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Deletes the tags that no policy keeps, or only shows them. */
export async function runRetention(repositories: readonly string[], options: RunOptions): Promise<void> {
  const only = repositories.length === 0 ? undefined : new Set(repositories.map(parseRepositoryName));
  const opened = await openRetention(options);
  const found = new FoundTags(options);
  const { policies, times } = opened;
  const settings = { policies, times, report: found, only, isConfirmed: options.yes, pace: async () => {} };
  const retention = options.dryRun ? await plan(opened, settings) : await apply(opened, settings);
  found.conclude(retention);
  opened.log.flush();
}

function plan({ storage, config }: OpenedRetention, settings: RetentionSettings): Promise<Retention> {
  return planRetention(storage, settings, privateNamesOf(config));
}

async function apply({ storage, config, log }: OpenedRetention, settings: RetentionSettings): Promise<Retention> {
  const endWork = await beginWork(storage);
  try {
    return await applyRetention(storage, settings, await OwnChanges.open(config, "retention", { storage, log }));
  } catch (error) {
    if (error instanceof LockError)
      throw new ExplainedError("retention is running already; try again when it has ended");
    throw error;
  } finally {
    await endWork();
  }
}

/** Prints what is found and done, at once or as JSON at the end. */
class FoundTags implements RetentionReport {
  readonly #options: RunOptions;
  readonly #plans: (RepositoryPlan & { waits: boolean; deleted: TagDecision[] })[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
  }

  planned(plan: RepositoryPlan): void {
    this.#plans.push({ ...plan, waits: false, deleted: [] });
    const { name, decisions, leaving, policy } = plan;
    this.#print(`${name}: ${decisions.length} tags, ${leaving.length} to delete (${policy.names.join(", ")})`);
    if (this.#options.dryRun) for (const decision of leaving) this.#print(`${lineOf(plan, decision)} would be deleted`);
  }

  deleted(plan: RepositoryPlan, decision: TagDecision): void {
    this.#plans.at(-1)?.deleted.push(decision);
    this.#print(`${lineOf(plan, decision)} deleted`);
  }

  waits({ name, decisions, leaving }: RepositoryPlan): void {
    const last = this.#plans.at(-1);
    if (last !== undefined) last.waits = true;
    this.#print(
      `${name}: needs confirmation: policies that are new here would delete ${leaving.length} of ${decisions.length} tags`,
    );
  }

  problem(problem: string): void {
    process.stderr.write(`berth: ${problem}\n`);
  }

  conclude({ repositories, tags, deleted, waiting }: Retention): void {
    const { dryRun } = this.#options;
    if (this.#options.json) {
      const json = { dryRun, repositories: this.#plans.map((plan) => asJson(plan, dryRun)), deleted, waiting };
      process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
      return;
    }
    const done = dryRun ? "would be deleted; nothing was changed" : "deleted";
    this.#print(`${deleted} of ${tags} tags in ${repositories} repositories ${done}`);
    if (waiting.length > 0)
      this.#print(
        `${waiting.length} repositories need confirmation: check the plan, then run: berth retention run --yes`,
      );
  }

  #print(line: string): void {
    if (!this.#options.json) process.stdout.write(`${line}\n`);
  }
}

function lineOf({ name }: RepositoryPlan, { tag, digest, pushedMs }: TagDecision): string {
  return `${name}:${tag} (${digest}, pushed ${pushedMs === undefined ? "?" : showTime(pushedMs)})`;
}

type DonePlan = RepositoryPlan & { readonly waits: boolean; readonly deleted: readonly TagDecision[] };

function asJson({ name, policy, decisions, leaving, waits, deleted }: DonePlan, dryRun: boolean) {
  return {
    repository: name,
    policies: policy.names,
    tags: decisions.length,
    waits,
    [dryRun ? "leaving" : "deleted"]: (dryRun ? leaving : deleted).map(({ tag, digest }) => ({ tag, digest })),
  };
}
