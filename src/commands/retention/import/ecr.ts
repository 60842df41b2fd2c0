import {
  countIn,
  type ImportedKeep,
  type ImportedPolicies,
  type ImportedPolicy,
  isMap,
  isTagPattern,
  mapsIn,
  textsIn,
  type Written,
} from "./imported-policies.js";

const repository = "repository";

/** What the rules say together. */
interface Collected {
  readonly keep: ImportedKeep[];
  /** Patterns of the tags that some rule is about. */
  readonly concerned: string[];
  untagged: string | undefined;
}

/**
 * Translates a lifecycle policy of ECR. Its rules say what expires: what a rule leaves is kept, and so is what no rule is
 * about.
 */
export function importEcr(document: Written): ImportedPolicies | undefined {
  const rules = mapsIn(document.rules).filter(({ selection }) => isMap(selection));
  if (rules.length === 0) return undefined;
  const remarks = [
    `a lifecycle policy of ECR applies to one repository: replace ${repository} with its name, or a pattern`,
    "in ECR the first rule that an image matches decides; in Berth a tag stays if any rule keeps it",
  ];
  const collected: Collected = { keep: [], concerned: [], untagged: undefined };
  for (const [index, rule] of rules.entries()) collect(rule, `rules[${index}]`, collected, remarks);
  return { policies: [policyOf(collected)], remarks };
}

function collect(rule: Written, place: string, collected: Collected, remarks: string[]): void {
  const selection = isMap(rule.selection) ? rule.selection : {};
  if (isMap(rule.action) && rule.action.type !== "expire") {
    remarks.push(`${place}: the action ${String(rule.action.type)} has no equivalent, so the rule is left out`);
  } else if (selection.tagStatus === "untagged") {
    collected.untagged = untaggedBy(selection, place, remarks) ?? collected.untagged;
  } else {
    const tags = tagsOf(selection, place, remarks);
    collected.concerned.push(...tags);
    if (tags.length > 0) collected.keep.push(keepOf(selection, tags, place, remarks));
  }
}

function policyOf({ keep, concerned, untagged }: Collected): ImportedPolicy {
  const others = { tags: ["*", ...concerned.map((each) => `!${each}`)] };
  const all = keep.length > 0 && !concerned.includes("*") ? [...keep, others] : keep;
  return {
    name: "ecr",
    repositories: [repository],
    ...(all.length > 0 && { keep: all }),
    ...(untagged !== undefined && { untagged: { keepFor: untagged } }),
  };
}

function untaggedBy(selection: Written, place: string, remarks: string[]): string | undefined {
  const count = countIn(selection.countNumber);
  if (selection.countType === "sinceImagePushed" && count !== undefined) return `${count}d`;
  remarks.push(`${place}: untagged images are not counted here, so they stay; the policy needs a time for them`);
  return undefined;
}

/** The tags that a rule is about; none if that cannot be said, so that they are kept. */
function tagsOf({ tagStatus, tagPatternList, tagPrefixList }: Written, place: string, remarks: string[]): string[] {
  if (tagStatus === "any") return ["*"];
  const patterns = [...textsIn(tagPatternList), ...textsIn(tagPrefixList).map((prefix) => `${prefix}*`)];
  if (patterns.length === 1 && patterns.every(isTagPattern)) return patterns;
  const reason =
    patterns.length > 1 ? "it is about images that have tags of all its patterns" : "its pattern has no equivalent";
  remarks.push(`${place}: ${reason}, so the rule is left out, and those tags are kept`);
  return [];
}

function keepOf(
  { countType, countNumber }: Written,
  tags: readonly string[],
  place: string,
  remarks: string[],
): ImportedKeep {
  const count = countIn(countNumber);
  if (count !== undefined) {
    if (countType === "imageCountMoreThan") return { tags, newest: count };
    if (countType === "sinceImagePushed") return { tags, pushedWithin: `${count}d` };
    if (countType === "sinceImagePulled") return { tags, pulledWithin: `${count}d` };
  }
  remarks.push(`${place}: ${String(countType)} has no equivalent, so all tags of its patterns are kept`);
  return { tags };
}
