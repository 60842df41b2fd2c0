/** A rule that keeps tags, as it is written in a file of Berth. */
export interface ImportedKeep {
  readonly tags?: readonly string[];
  readonly newest?: number;
  readonly pushedWithin?: string;
  readonly pulledWithin?: string;
}

/** A policy as it is written in a file of Berth. */
export interface ImportedPolicy {
  readonly name: string;
  readonly repositories: readonly string[];
  readonly keep?: readonly ImportedKeep[];
  readonly untagged?: { readonly keepFor: string };
  readonly immutable?: readonly string[];
}

/**
 * The policies of another registry, and remarks on what they could not be translated to. Where Berth has no equivalent,
 * more is kept than there, never less.
 */
export interface ImportedPolicies {
  readonly policies: readonly ImportedPolicy[];
  /** Sentences for the reader. */
  readonly remarks: readonly string[];
}

/** A document that is a map. */
export type Written = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Written {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mapsIn(value: unknown): readonly Written[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** A whole number above 0. */
export function countIn(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** Whether Berth accepts a pattern of repositories. */
export function isNamePattern(pattern: string): boolean {
  return pattern.split("/").every((part) => /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)$/.test(part));
}

/** Whether Berth accepts a pattern of tags. */
export function isTagPattern(pattern: string): boolean {
  return /^[a-zA-Z0-9_*][a-zA-Z0-9_*.-]{0,127}$/.test(pattern);
}

/** `a{b,c}` means `ab` and `ac`; braces in braces are not expanded. */
export function withoutBraces(pattern: string): readonly string[] {
  const [whole, start = "", inside = "", end = ""] = /^([^{}]*)\{([^{}]*)\}(.*)$/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return inside.split(",").flatMap((each) => withoutBraces(`${start}${each}${end}`));
}
