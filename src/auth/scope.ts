import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { Action, Ceiling } from "../registry/access.js";
import { ceilingOfScopes } from "./tokens/token-scope.js";

/** What a token requests, or grants, in one repository: an entry of the `access` claim. */
export interface ResourceActions {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const scopePattern = /^(repository(?:\([a-z]+\))?|registry):(.+):([a-z*,]+)$/;

/**
 * Parses the `scope` parameters of a token request (distribution, "Token Scope Documentation"): repeated, or separated
 * by spaces in one. Unknown scopes are skipped: they are granted nothing, which is not an error.
 */
export function parseScopes(parameters: readonly string[]): readonly ResourceActions[] {
  const merged = new Map<string, { type: string; name: string; actions: Set<string> }>();
  for (const text of parameters.flatMap((parameter) => parameter.split(" "))) {
    const [, type = "", name = "", actions = ""] = scopePattern.exec(text) ?? [];
    if (type === "") continue;
    const key = `${type}:${name}`;
    const entry = merged.get(key) ?? { type: type.replace(/\(.*/, ""), name, actions: new Set() };
    for (const action of actions.split(",")) if (action !== "") entry.actions.add(action);
    merged.set(key, entry);
  }
  return [...merged.values()].map(({ type, name, actions }) => ({ type, name, actions: [...actions] }));
}

/** Translates the actions of a scope; `*` is everything that a client may do (skopeo requests it to delete). */
export function actionsOf(written: readonly string[]): readonly Action[] {
  const all: readonly Action[] = ["pull", "push", "delete"];
  return written.includes("*") ? all : all.filter((action) => written.includes(action));
}

/**
 * The most that a token allows: what its claims grant.
 * @param limits scopes of the credential that the token was issued for
 */
export function ceilingOf(granted: readonly ResourceActions[], limits: readonly string[] = []): Ceiling {
  const byName = new Map<RepositoryName, readonly Action[]>();
  for (const { type, name, actions } of granted) {
    if (type === "repository" && isRepositoryName(name)) byName.set(name, actionsOf(actions));
  }
  return {
    key: JSON.stringify([granted, limits]),
    canBeWidened: true,
    limits,
    widest: ceilingOfScopes(limits),
    isForCatalog: granted.some(({ type, name }) => type === "registry" && name === "catalog"),
    // A token names each repository.
    allowsEverywhere: () => false,
    allows: (action, name) => {
      const actions = byName.get(name) ?? [];
      // Downloading what is not cached yet is a pull for the client; the rules decide whether its user may.
      if (action === "cache" || action === "pull") return actions.includes("pull") || actions.includes("push");
      return actions.includes(action);
    },
  };
}
