import type { Action } from "../../../registry/access.js";

/** A rule in Berth's words, as the file of another program means it. */
export interface ImportedRule {
  readonly allow: readonly Action[];
  readonly to: readonly string[];
  readonly in: readonly string[];
}

/** What of another program's access control can be said here, and what cannot. */
export interface ImportedAccess {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly ImportedRule[];
  /** A sentence each for people. */
  readonly remarks: readonly string[];
}

/** The values of a document of YAML or JSON that is a map. */
export type Written = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Written {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textsIn(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === "string");
}

/** Patterns of repositories that mean the same here: `*` within one part, `**` for any number of parts. */
export function isPattern(pattern: string): boolean {
  const component = /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)$/;
  return pattern
    .replaceAll("$" + "{user}", "u")
    .split("/")
    .every((part) => component.test(part));
}
