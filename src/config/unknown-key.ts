import type { ConfigPath, Members, Section } from "./definition.js";
import { knownKeys } from "./known-keys.js";
import { findNearest } from "./nearest-key.js";
import { showPath } from "./problem.js";

/** Describes an unknown key: suggests the nearest key of its section, or a key of that name elsewhere. */
export function describeUnknownKey(path: ConfigPath, siblings: Section, root: Section): string {
  const key = String(path.at(-1));
  const known = knownKeys(siblings);
  const sibling = findNearest(key, known);
  if (sibling !== undefined) return `unknown key; did you mean ${showPath([...path.slice(0, -1), sibling])}?`;
  const namesake = pathsBelow(root).find(
    (candidate) => String(candidate.at(-1)).toLowerCase() === key.toLowerCase() && isInReach(candidate, path),
  );
  if (namesake !== undefined) return `unknown key here; did you mean ${showPath(namesake)}?`;
  return `unknown key; known keys are ${known.join(", ")}`;
}

/** An item of another list describes something else: its `name` is not what was meant here. */
function isInReach(candidate: ConfigPath, path: ConfigPath): boolean {
  const list = candidate.slice(0, candidate.lastIndexOf(0) + 1);
  return list.every((part, index) => typeof part === "number" || part === path[index]);
}

function pathsBelow(parent: Section): readonly ConfigPath[] {
  return Object.entries(parent.members).flatMap(([key, node]) => [[key], ...pathsInside(key, node)]);
}

function pathsInside(key: string, node: Members[string]): readonly ConfigPath[] {
  if (node.type === "setting") return [];
  if (node.type === "list") return pathsBelow(node.item).map((path) => [key, 0, ...path]);
  return pathsBelow(node).map((path) => [key, ...path]);
}
