import type { Section, SectionList, Setting } from "./definition.js";

/** A setting with the value that holds. */
export interface ResolvedSetting {
  readonly type: "setting";
  readonly setting: Setting;
  readonly value: unknown;
  /** The value as it was written, which for durations and sizes is text. */
  readonly written: unknown;
  /** Where it was written; `undefined` if it is the default. */
  readonly where: string | undefined;
}

/** A section with what holds in it; no members if it is optional and nothing of it is written. */
export interface ResolvedSection {
  readonly type: "section";
  readonly section: Section;
  readonly members: ReadonlyMap<string, ResolvedNode> | undefined;
}

/** A list of sections with the items that hold. */
export interface ResolvedList {
  readonly type: "list";
  readonly list: SectionList;
  readonly items: readonly ResolvedSection[];
  /** Where it was written; `undefined` if it is the default. */
  readonly where: string | undefined;
}

/** What holds at a key. */
export type ResolvedNode = ResolvedSetting | ResolvedSection | ResolvedList;

/** The plain, frozen values of what was resolved. */
export function valuesOf({ members }: ResolvedSection): unknown {
  if (members === undefined) return undefined;
  return Object.freeze(Object.fromEntries([...members].map(([key, node]) => [key, plainOf(node)])));
}

function plainOf(node: ResolvedNode): unknown {
  if (node.type === "setting") return node.value;
  return node.type === "section" ? valuesOf(node) : Object.freeze(node.items.map(valuesOf));
}
