import type { Action } from "../../../registry/access.js";
import { type ImportedAccess, type ImportedRule, isMap, isPattern, textsIn, type Written } from "./imported-rules.js";

const everything: readonly Action[] = ["pull", "push", "delete", "cache"];
const actions: Readonly<Record<string, readonly Action[]>> = {
  pull: ["pull"],
  push: ["push"],
  delete: ["delete"],
  "*": everything,
};

/** Values of a rule's `account` that are not a user name. */
const accounts: Readonly<Record<string, string>> = { "": "anonymous", "?*": "authenticated", "*": "everyone" };

/** Translates the `acl` of docker_auth. docker_auth applies the first entry that matches; Berth's rules add up. */
export function importDockerAuth(acl: readonly unknown[]): ImportedAccess {
  const remarks: string[] = [];
  const entries = acl.map((entry) => (isMap(entry) ? entry : {}));
  const rules = entries.flatMap((entry, index) => {
    const place = `acl[${index}]`;
    const allow = allowedBy(entry);
    if (allow.length > 0) return ruleOf(entry, { allow }, place, remarks);
    // Whatever no rule allows is refused, so only an entry that takes something from a later one needs a rule.
    if (entries.slice(index + 1).every((later) => allowedBy(later).length === 0)) return [];
    if (entries.slice(0, index).some((earlier) => allowedBy(earlier).length > 0))
      remarks.push(`${place}: its deny also beats the entries before it; narrow it to the users it is meant for`);
    return ruleOf(entry, { deny: everything }, place, remarks);
  });
  if (rules.length > 1) {
    remarks.push(
      "docker_auth applies only the first entry that matches; Berth's allow rules add up: check entries that were meant to narrow later ones",
    );
  }
  return { groups: {}, rules, remarks };
}

function allowedBy(entry: Written): readonly Action[] {
  return [...new Set(textsIn(entry.actions).flatMap((word) => actions[word] ?? []))];
}

type Effect = Pick<ImportedRule, "allow" | "deny">;

function ruleOf(entry: Written, effect: Effect, place: string, remarks: string[]): ImportedRule[] {
  const match = isMap(entry.match) ? entry.match : {};
  const strange = Object.keys(match).filter((key) => !["account", "name", "type"].includes(key));
  if (strange.length > 0) return leftOut(`match.${strange.join(", match.")} has no equivalent`, place, remarks);
  if (match.type === "registry")
    return leftOut("the catalog shows each client what it may pull, without a rule", place, remarks);
  const account = typeof match.account === "string" ? match.account : "*";
  const name = (typeof match.name === "string" ? match.name : "**").replaceAll("$" + "{account}", "$" + "{user}");
  const pattern = name === "*" ? "**" : name;
  if (account.startsWith("/")) return leftOut(`the expression ${account} has no equivalent`, place, remarks);
  if (!isPattern(pattern)) return leftOut(`${pattern} is a pattern that has no equivalent`, place, remarks);
  return [{ ...effect, to: [accounts[account] ?? account], in: [pattern] }];
}

function leftOut(reason: string, place: string, remarks: string[]): [] {
  remarks.push(`${place}: left out: ${reason}`);
  return [];
}
