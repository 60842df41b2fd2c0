import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { KeepRule, RepositoryPolicy } from "./policies.js";

/** What decides about a tag. Times are in milliseconds since 1970. */
export interface TagFacts {
  readonly tag: Tag;
  /** `undefined` if its link is damaged. */
  readonly digest: Digest | undefined;
  /** When it was last pushed to this registry. */
  readonly pushedMs: number | undefined;
  readonly pulledMs: number | undefined;
}

/** What becomes of a tag. */
export interface TagDecision extends TagFacts {
  /** Why it stays, in words; if there is no reason, it goes. */
  readonly reasons: readonly string[];
}

export interface Times {
  readonly nowMs: number;
  /** Since when pulls are recorded; `undefined` if they are not. */
  readonly pullsSinceMs: number | undefined;
}

/**
 * Decides about all tags of a repository. A tag stays if any rule of any policy keeps it, or if something about it is
 * unknown. Without a rule, all stay.
 */
export function decideTags(policy: RepositoryPolicy, tags: readonly TagFacts[], times: Times): readonly TagDecision[] {
  const reasons = new Map<Tag, string[]>(tags.map(({ tag }) => [tag, []]));
  const keep = (tag: Tag, reason: string) => reasons.get(tag)?.push(reason);
  if (policy.rules.length === 0)
    for (const { tag } of tags) keep(tag, "no policy says which tags are kept, so all are");
  for (const facts of tags) for (const reason of unconditionalReasons(policy, facts)) keep(facts.tag, reason);
  for (const rule of policy.rules)
    for (const { tag, because } of keptBy(
      rule,
      tags.filter(({ tag }) => rule.tags.fits(tag)),
      times,
    ))
      keep(tag, `${rule.place}: ${because}`);
  return tags.map((facts) => ({ ...facts, reasons: reasons.get(facts.tag) ?? [] }));
}

function unconditionalReasons(policy: RepositoryPolicy, { tag, digest }: TagFacts): string[] {
  const immutable = policy.immutableBy(tag);
  const guarded = policy.protectedBy(tag);
  return [
    ...(digest === undefined ? ["its link is damaged, so its image is unknown; push it again, or delete it"] : []),
    ...(immutable === undefined ? [] : [`${immutable}.immutable`]),
    ...(guarded === undefined ? [] : [`${guarded}.protected`]),
  ];
}

interface Kept {
  readonly tag: Tag;
  readonly because: string;
}

/** Any of its conditions suffices. */
function keptBy({ settings }: KeepRule, tags: readonly TagFacts[], times: Times): readonly Kept[] {
  const { newest, pushedWithin, pulledWithin } = settings;
  if (newest === undefined && pushedWithin === undefined && pulledWithin === undefined)
    return tags.map(({ tag }) => ({ tag, because: `matches ${settings.tags.join(", ")}` }));
  return [
    ...(newest === undefined ? [] : newestOf(tags, newest)),
    ...(pushedWithin === undefined ? [] : pushedSince(tags, times.nowMs - pushedWithin)),
    ...(pulledWithin === undefined ? [] : pulledSince(tags, times.nowMs - pulledWithin, times)),
  ];
}

/** What is of unknown age counts as new. Of tags that were pushed at the same time, the last by name counts as newer. */
function newestOf(tags: readonly TagFacts[], count: number): readonly Kept[] {
  const ageOf = ({ pushedMs }: TagFacts) => pushedMs ?? Number.POSITIVE_INFINITY;
  const newestFirst = tags.toSorted((one, other) => compare(ageOf(other), ageOf(one)) || compare(other.tag, one.tag));
  return newestFirst
    .slice(0, count)
    .map(({ tag }, index) => ({ tag, because: `number ${index + 1} of the newest ${count}` }));
}

function pushedSince(tags: readonly TagFacts[], sinceMs: number): readonly Kept[] {
  return tags.flatMap(({ tag, pushedMs }) => {
    if (pushedMs === undefined) return [{ tag, because: "when it was pushed is unknown" }];
    return pushedMs >= sinceMs ? [{ tag, because: `pushed at ${showTime(pushedMs)}` }] : [];
  });
}

/** A push is a use, too: otherwise a new image would go before anyone can pull it. */
function pulledSince(tags: readonly TagFacts[], sinceMs: number, { pullsSinceMs }: Times): readonly Kept[] {
  const areKnown = pullsSinceMs !== undefined && pullsSinceMs <= sinceMs;
  return tags.flatMap(({ tag, pushedMs, pulledMs }) => {
    if (pulledMs !== undefined && pulledMs >= sinceMs) return [{ tag, because: `pulled at ${showTime(pulledMs)}` }];
    if (pushedMs === undefined || pushedMs >= sinceMs) return [{ tag, because: "pushed within that time" }];
    return areKnown ? [] : [{ tag, because: "pulls have not been recorded for that long" }];
  });
}

export function showTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function compare<Value extends number | string>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
