import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import { inParallel } from "../foundation/in-parallel.js";
import { isTag, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { subjectOfTag } from "../storage/content/fallback-referrers.js";
import type { Storage } from "../storage/storage.js";
import { decideTags, type TagDecision, type TagFacts, type Times } from "./decide-tags.js";
import type { RepositoryPolicy } from "./policies.js";

/** What the policies mean for the tags of one repository. */
export interface RepositoryPlan {
  readonly name: RepositoryName;
  readonly policy: RepositoryPolicy;
  readonly decisions: readonly TagDecision[];
  readonly leaving: readonly TagDecision[];
}

/** Lookups of a large repository that run at once. */
const atOnce = 16;

/**
 * Decides about the tags of a repository, and changes nothing. Only times are read, no manifests. Tags that belong to
 * another image, such as those of signatures, are not counted: they go with it.
 */
export async function planRepository(
  storage: Storage,
  name: RepositoryName,
  policy: RepositoryPolicy,
  times: Times,
): Promise<RepositoryPlan> {
  const tags = (await storage.index.tagNames(name)).filter(isTag).filter((tag) => subjectOfTag(tag) === undefined);
  const facts = await factsOf(storage, name, tags, needsPulls(policy));
  const decisions = decideTags(policy, facts, times);
  return { name, policy, decisions, leaving: decisions.filter(({ reasons }) => reasons.length === 0) };
}

function needsPulls({ rules }: RepositoryPolicy): boolean {
  return rules.some(({ settings }) => settings.pulledWithin !== undefined);
}

/** In the order of the tags; without those that have no link, since their push is not finished. */
async function factsOf(
  storage: Storage,
  name: RepositoryName,
  tags: readonly Tag[],
  withPulls: boolean,
): Promise<readonly TagFacts[]> {
  const found = new Map<Tag, TagFacts>();
  const breaks = new EventLoopBreaks();
  await inParallel(tags, atOnce, async (tag) => {
    await breaks.take();
    const digest = await storage.tags.find(name, tag);
    const moved = await storage.tags.lastMove(name, tag);
    if (digest === undefined && (await storage.tags.movedAt(name, tag)) === undefined) return;
    const pulledMs = withPulls && digest !== undefined ? await storage.uses.lastPull(name, digest) : undefined;
    found.set(tag, { tag, digest, pushedMs: moved?.atMs, pulledMs });
  });
  return tags.flatMap((tag) => found.get(tag) ?? []);
}
