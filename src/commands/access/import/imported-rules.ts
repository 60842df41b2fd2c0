import type { Action } from "../../../registry/access.js";

/** A Berth rule, translated from another program's file. */
export interface ImportedRule {
  readonly allow?: readonly Action[];
  readonly deny?: readonly Action[];
  readonly to: readonly string[];
  readonly in: readonly string[];
}

/** The part of another program's access control that Berth can express, and remarks on the rest. */
export interface ImportedAccess {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly ImportedRule[];
  /** Sentences for the reader, one for each thing that needs attention. */
  readonly remarks: readonly string[];
}

/** A YAML or JSON document that is a map. */
export type Written = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Written {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textsIn(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === "string");
}

/** Whether a repository pattern means the same here: `*` within one part, `**` for any number of parts. */
export function isPattern(pattern: string): boolean {
  const component = /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)$/;
  return pattern
    .replaceAll("$" + "{user}", "u")
    .split("/")
    .every((part) => component.test(part));
}
