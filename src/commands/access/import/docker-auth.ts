import type { Action } from "../../../registry/access.js";
import { type ImportedAccess, type ImportedRule, isMap, isPattern, textsIn, type Written } from "./imported-rules.js";

const everything: readonly Action[] = ["pull", "push", "delete", "cache"];
const actions: Readonly<Record<string, readonly Action[]>> = {
  pull: ["pull"],
  push: ["push"],
  delete: ["delete"],
  "*": everything,
};

/** What `account` of a rule says besides a name. */
const accounts: Readonly<Record<string, string>> = { "": "anonymous", "?*": "authenticated", "*": "everyone" };

/** The `acl` of docker_auth in Berth's words. There the first entry that fits decides; here rules add up. */
export function importDockerAuth(acl: readonly unknown[]): ImportedAccess {
  const remarks: string[] = [];
  const rules = acl.flatMap((entry, index) => (isMap(entry) ? ruleOf(entry, `acl[${index}]`, remarks) : []));
  if (rules.length > 1) {
    remarks.push(
      "the first entry that fits decides there; here all rules that allow add up: look for entries that were meant to narrow later ones",
    );
  }
  return { groups: {}, rules, remarks };
}

function ruleOf(entry: Written, place: string, remarks: string[]): ImportedRule[] {
  const match = isMap(entry.match) ? entry.match : {};
  const allow = [...new Set(textsIn(entry.actions).flatMap((word) => actions[word] ?? []))];
  // What no rule allows is refused anyway.
  if (allow.length === 0) return [];
  const strange = Object.keys(match).filter((key) => !["account", "name", "type"].includes(key));
  if (strange.length > 0) return leftOut(`match.${strange.join(", match.")} has no equivalent`, place, remarks);
  if (match.type === "registry")
    return leftOut("the catalog shows each client what it may pull, without a rule", place, remarks);
  const account = typeof match.account === "string" ? match.account : "*";
  const name = (typeof match.name === "string" ? match.name : "**").replaceAll("$" + "{account}", "$" + "{user}");
  const pattern = name === "*" ? "**" : name;
  if (account.startsWith("/")) return leftOut(`the expression ${account} has no equivalent`, place, remarks);
  if (!isPattern(pattern)) return leftOut(`${pattern} is no pattern that can be said here`, place, remarks);
  return [{ allow, to: [accounts[account] ?? account], in: [pattern] }];
}

function leftOut(reason: string, place: string, remarks: string[]): [] {
  remarks.push(`${place}: is left out: ${reason}`);
  return [];
}
