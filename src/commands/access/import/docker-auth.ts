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
  const rules = acl.flatMap((entry, index) => (isMap(entry) ? ruleOf(entry, `acl[${index}]`, remarks) : []));
  if (rules.length > 1) {
    remarks.push(
      "docker_auth applies only the first entry that matches; Berth's allow rules add up: check entries that were meant to narrow later ones",
    );
  }
  return { groups: {}, rules, remarks };
}

function ruleOf(entry: Written, place: string, remarks: string[]): ImportedRule[] {
  const match = isMap(entry.match) ? entry.match : {};
  const allow = [...new Set(textsIn(entry.actions).flatMap((word) => actions[word] ?? []))];
  // Berth refuses whatever no rule allows, so such an entry needs no rule.
  if (allow.length === 0) return [];
  const strange = Object.keys(match).filter((key) => !["account", "name", "type"].includes(key));
  if (strange.length > 0) return leftOut(`match.${strange.join(", match.")} has no equivalent`, place, remarks);
  if (match.type === "registry")
    return leftOut("the catalog shows each client what it may pull, without a rule", place, remarks);
  const account = typeof match.account === "string" ? match.account : "*";
  const name = (typeof match.name === "string" ? match.name : "**").replaceAll("$" + "{account}", "$" + "{user}");
  const pattern = name === "*" ? "**" : name;
  if (account.startsWith("/")) return leftOut(`the expression ${account} has no equivalent`, place, remarks);
  if (!isPattern(pattern)) return leftOut(`${pattern} is a pattern that has no equivalent`, place, remarks);
  return [{ allow, to: [accounts[account] ?? account], in: [pattern] }];
}

function leftOut(reason: string, place: string, remarks: string[]): [] {
  remarks.push(`${place}: left out: ${reason}`);
  return [];
}
