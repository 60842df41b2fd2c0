import {
  countIn,
  type ImportedKeep,
  type ImportedPolicies,
  type ImportedPolicy,
  isMap,
  isNamePattern,
  isTagPattern,
  mapsIn,
  type Written,
  withoutBraces,
} from "./imported-policies.js";

const project = "project";

/** Translates a retention policy of Harbor, or its list of immutability rules, as its API gives them. */
export function importHarbor(document: unknown): ImportedPolicies | undefined {
  const rules = mapsIn(isMap(document) ? document.rules : document);
  if (rules.length === 0) return undefined;
  const remarks = [`a policy of Harbor applies to one project: replace ${project} with its name`];
  const policies = new Map<string, Collected>();
  for (const [index, rule] of rules.entries()) {
    if (rule.disabled === true) remarks.push(`rules[${index}]: it is disabled, and left out`);
    else collect(rule, `rules[${index}]`, policies, remarks);
  }
  if ([...policies.values()].some(({ keep }) => keep.length > 0))
    remarks.push("Harbor deletes untagged artifacts that no rule retains; here they stay: add untagged to a policy");
  return { policies: [...policies.values()].map(asPolicy), remarks };
}

/** What the rules for the same repositories say together. */
interface Collected {
  readonly repositories: readonly string[];
  readonly keep: ImportedKeep[];
  readonly immutable: string[];
}

function collect(rule: Written, place: string, policies: Map<string, Collected>, remarks: string[]): void {
  const scope = repositoriesOf(rule);
  const repositories = scope ?? [`${project}/**`];
  const policy = policies.get(repositories.join()) ?? { repositories, keep: [], immutable: [] };
  policies.set(repositories.join(), policy);
  if (scope === undefined)
    remarks.push(
      `${place}: its repositories cannot be said by patterns, so it concerns all, and keeps all that others delete`,
    );
  const tags = tagsOf(rule, place, remarks);
  if (rule.template === "immutable_template") policy.immutable.push(...tags);
  else if (scope === undefined) policy.keep.push({ tags: ["*"] });
  else policy.keep.push(...keepOf(rule, tags, place, remarks));
}

function asPolicy({ repositories, keep, immutable }: Collected, index: number): ImportedPolicy {
  return {
    name: `harbor-${index + 1}`,
    repositories,
    ...(keep.length > 0 && { keep }),
    ...(immutable.length > 0 && { immutable }),
  };
}

/** `undefined` if they cannot be said, such as all but some. */
function repositoriesOf(rule: Written): readonly string[] | undefined {
  const scopes = isMap(rule.scope_selectors) ? mapsIn(rule.scope_selectors.repository) : [];
  const patterns = scopes.flatMap(({ decoration, pattern }) =>
    decoration === "repoMatches" && typeof pattern === "string"
      ? withoutBraces(pattern).map((each) => `${project}/${each}`)
      : [undefined],
  );
  const usable = patterns.filter((pattern) => pattern !== undefined && isNamePattern(pattern)).map(String);
  return usable.length === patterns.length && usable.length > 0 ? usable : undefined;
}

/** Patterns and exceptions. */
function tagsOf(rule: Written, place: string, remarks: string[]): readonly string[] {
  const tags = mapsIn(rule.tag_selectors).flatMap(({ decoration, pattern }) => {
    const written = typeof pattern === "string" ? withoutBraces(pattern).map((each) => each.replaceAll("**", "*")) : [];
    const isException = decoration === "excludes";
    if (written.length > 0 && written.every(isTagPattern))
      return written.map((each) => (isException ? `!${each}` : each));
    remarks.push(`${place}: the pattern of tags ${String(pattern)} has no equivalent, so more tags are kept`);
    return isException ? [] : ["*"];
  });
  return tags.some((each) => !each.startsWith("!")) ? tags : ["*", ...tags];
}

function keepOf(rule: Written, tags: readonly string[], place: string, remarks: string[]): readonly ImportedKeep[] {
  const params = isMap(rule.params) ? rule.params : {};
  const template = String(rule.template);
  const count = countIn(params[template]);
  switch (template) {
    case "always":
      return [{ tags }];
    case "nothing":
      remarks.push(`${place}: it retains nothing; in Berth, what no rule keeps goes if another rule keeps something`);
      return [];
    case "latestPushedK":
      if (count !== undefined) return [{ tags, newest: count }];
      break;
    case "nDaysSinceLastPush":
      if (count !== undefined) return [{ tags, pushedWithin: `${count}d` }];
      break;
    case "nDaysSinceLastPull":
      if (count !== undefined) return [{ tags, pulledWithin: `${count}d` }];
  }
  remarks.push(`${place}: ${template} has no equivalent, so all tags of its patterns are kept`);
  return [{ tags }];
}
