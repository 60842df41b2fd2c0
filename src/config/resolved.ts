import type { Section, SectionList, Setting } from "./definition.js";

/** A setting with its value. */
export interface ResolvedSetting {
  readonly type: "setting";
  readonly setting: Setting;
  readonly value: unknown;
  /** The value as it was written: text, for durations and sizes. */
  readonly written: unknown;
  /** Where it was written; `undefined` for the default. */
  readonly where: string | undefined;
}

/** A section with its values; without members if it is optional and not given. */
export interface ResolvedSection {
  readonly type: "section";
  readonly section: Section;
  readonly members: ReadonlyMap<string, ResolvedNode> | undefined;
}

/** A list of sections with its items. */
export interface ResolvedList {
  readonly type: "list";
  readonly list: SectionList;
  readonly items: readonly ResolvedSection[];
  /** Where it was written; `undefined` for the default. */
  readonly where: string | undefined;
}

/** What a key resolved to. */
export type ResolvedNode = ResolvedSetting | ResolvedSection | ResolvedList;

/** The plain, frozen values of a resolved section. */
export function valuesOf({ members }: ResolvedSection): unknown {
  if (members === undefined) return undefined;
  return Object.freeze(Object.fromEntries([...members].map(([key, node]) => [key, plainOf(node)])));
}

function plainOf(node: ResolvedNode): unknown {
  if (node.type === "setting") return node.value;
  return node.type === "section" ? valuesOf(node) : Object.freeze(node.items.map(valuesOf));
}
