import type { Action } from "../../../registry/access.js";
import { type ImportedAccess, type ImportedRule, isMap, isPattern, textsIn, type Written } from "./imported-rules.js";

const actions: Readonly<Record<string, Action>> = { read: "pull", create: "push", update: "push", delete: "delete" };

/** `accessControl` of zot's configuration, at any depth of the document; `undefined` if there is none. */
export function findZotAccess(document: Written): Written | undefined {
  const { http } = document;
  const inHttp = isMap(http) ? http.accessControl : undefined;
  return [inHttp, document.accessControl].find(isMap) ?? (isMap(document.repositories) ? document : undefined);
}

/** Translates zot's `accessControl`. zot applies only the longest pattern that matches; Berth's rules add up. */
export function importZot(accessControl: Written): ImportedAccess {
  const remarks: string[] = [];
  const repositories = isMap(accessControl.repositories) ? accessControl.repositories : {};
  const rules = Object.entries(repositories).flatMap(([pattern, policy]) => {
    if (isPattern(pattern) && isMap(policy)) return rulesOf([pattern], policy, remarks);
    remarks.push(`repositories.${pattern}: a pattern that has no equivalent`);
    return [];
  });
  const { adminPolicy } = accessControl;
  const admin = isMap(adminPolicy) ? ruleOf(adminPolicy, ["**"], subjectsOf(adminPolicy), remarks) : [];
  remarks.push(...overlaps(Object.keys(repositories)));
  return { groups: groupsOf(accessControl.groups), rules: [...rules, ...admin], remarks };
}

function rulesOf(patterns: readonly string[], policy: Written, remarks: string[]): ImportedRule[] {
  const { policies, defaultPolicy, anonymousPolicy } = policy;
  const listed: readonly unknown[] = Array.isArray(policies) ? policies : [];
  return [
    ...listed.filter(isMap).flatMap((each) => ruleOf(each, patterns, subjectsOf(each), remarks)),
    ...ruleOf({ actions: defaultPolicy }, patterns, ["authenticated"], remarks),
    ...ruleOf({ actions: anonymousPolicy }, patterns, ["anonymous"], remarks),
  ];
}

function ruleOf(
  policy: Written,
  patterns: readonly string[],
  to: readonly string[],
  remarks: string[],
): ImportedRule[] {
  const words = textsIn(policy.actions);
  const allow = [...new Set(words.flatMap((word) => actions[word] ?? []))];
  if (policy.conditions !== undefined)
    remarks.push(`${patterns.join()}: conditions have no equivalent; the rule is left out`);
  if (words.includes("create") !== words.includes("update")) {
    remarks.push(`${patterns.join()}: create and update both become push, which may overwrite tags`);
  }
  if (allow.length === 0 || to.length === 0 || policy.conditions !== undefined) return [];
  return [{ allow, to, in: patterns }];
}

function subjectsOf({ users, groups }: Written): readonly string[] {
  return [...textsIn(users), ...textsIn(groups).map((group) => `@${group}`)];
}

function groupsOf(groups: unknown): Readonly<Record<string, readonly string[]>> {
  const entries = isMap(groups) ? Object.entries(groups) : [];
  return Object.fromEntries(entries.map(([name, group]) => [name, textsIn(isMap(group) ? group.users : group)]));
}

function overlaps(patterns: readonly string[]): string[] {
  const wide = patterns.filter((pattern) => pattern.endsWith("**"));
  return wide.flatMap((pattern) => {
    const within = patterns.filter((other) => other !== pattern && other.startsWith(pattern.slice(0, -2)));
    if (within.length === 0) return [];
    return [
      `${pattern}: its rules also apply to ${within.join(", ")} where zot ignores them; a deny rule can prevent that`,
    ];
  });
}
