import type { Kind } from "./kinds.js";

/** What describes a setting besides its kind. */
interface Note {
  /** One line for the operator. */
  readonly meaning: string;
  /** Never shown. `<key>File`, the path of a file that contains it, may be given instead. */
  readonly secret?: boolean;
  /** A change takes effect only after a restart. */
  readonly needsRestart?: boolean;
}

/** A key of the configuration that holds a value. */
export interface Setting<Value = unknown> extends Note {
  readonly type: "setting";
  readonly kind: Kind<Value>;
  /** The default, in the form in which it would be written. */
  readonly default: unknown;
  /** An example value for a setting without a default. */
  readonly example: string | undefined;
  /** Whether it must be given if other settings of its section are. */
  readonly required: boolean;
  /** Whether `null` may be written, which becomes `undefined`. */
  readonly nullable: boolean;
}

/** The keys of a section, in the order in which they should be read. */
export interface Members {
  readonly [key: string]: Setting | Section | SectionList;
}

/** A key of the configuration that holds other keys. */
export interface Section<Keys extends Members = Members, Optional extends boolean = boolean> {
  readonly type: "section";
  readonly meaning: string;
  readonly members: Keys;
  /** Whether the section is `undefined` when none of its keys is written. */
  readonly optional: Optional;
  /** Words that may be written in place of the section, and the settings that they stand for. */
  readonly words?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Some settings of a section, in the form in which they would be written. */
export type WrittenSection = Readonly<Record<string, string>>;

/** A key of the configuration that holds any number of sections with the same keys. */
export interface SectionList<Keys extends Members = Members> {
  readonly type: "list";
  readonly meaning: string;
  readonly item: Section<Keys, false>;
  /** The default. A source that gives the list replaces it completely. */
  readonly default: readonly WrittenSection[];
  /** An example of one more item, as it would be written. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** The type of the values that a definition defines. */
export type ValueOf<Node> =
  Node extends Section<infer Keys, infer Optional>
    ? ValuesOf<Keys> | (Optional extends true ? undefined : never)
    : Node extends SectionList<infer Keys>
      ? readonly ValuesOf<Keys>[]
      : Node extends Setting<infer Value>
        ? Value
        : never;

type ValuesOf<Keys extends Members> = { readonly [Key in keyof Keys]: ValueOf<Keys[Key]> };

/** A setting with a default. */
export function setting<Value>(kind: Kind<Value>, note: Note & { default: unknown }): Setting<Value> {
  return { type: "setting", kind, example: undefined, required: false, nullable: false, ...note };
}

/** A setting with a default that `null` removes. */
export function nullableSetting<Value>(
  kind: Kind<Value>,
  note: Note & { default: unknown; example?: string },
): Setting<Value | undefined> {
  return { type: "setting", kind, example: undefined, required: false, nullable: true, ...note };
}

/** A setting that must be given if its optional section, or its item of a list, is. */
export function requiredSetting<Value>(kind: Kind<Value>, note: Note & { example: string }): Setting<Value> {
  return { type: "setting", kind, default: undefined, required: true, nullable: false, ...note };
}

/** A setting without a default: `undefined` if it is not given. */
export function optionalSetting<Value>(
  kind: Kind<Value>,
  note: Note & { example: string },
): Setting<Value | undefined> {
  return { type: "setting", kind, default: undefined, required: false, nullable: false, ...note };
}

/** A section that always exists; keys that are not given have their defaults. */
export function section<Keys extends Members>(meaning: string, members: Keys): Section<Keys, false> {
  return { type: "section", meaning, members, optional: false };
}

/** A section that exists only if one of its keys is given. */
export function optionalSection<Keys extends Members>(
  meaning: string,
  members: Keys,
  words: NonNullable<Section["words"]> = {},
): Section<Keys, true> {
  return { type: "section", meaning, members, optional: true, words };
}

/** Any number of sections with the same keys. */
export function listOfSections<Keys extends Members>(
  note: Pick<SectionList, "meaning" | "default" | "example">,
  members: Keys,
): SectionList<Keys> {
  return { type: "list", item: section(note.meaning, members), ...note };
}

/** Keys from the top, such as `["server", "port"]`; numbers are indexes into a list, from 0. */
export type ConfigPath = readonly (string | number)[];

/** A setting or a list, which a source gives as a whole, and its path. */
export interface LocatedSetting {
  readonly path: readonly string[];
  readonly setting: Setting | SectionList;
}

/** All settings and lists of sections below a section, in order. */
export function settingsBelow(parent: Section, path: readonly string[] = []): readonly LocatedSetting[] {
  return Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "section" ? settingsBelow(node, [...path, key]) : [{ path: [...path, key], setting: node }],
  );
}

/** A section with other defaults, also for settings that had none. */
export function withDefaults<Keys extends Members>(parent: Section<Keys>, values: WrittenSection): Section {
  const members = Object.entries(parent.members).map(([key, node]) =>
    node.type === "setting" && Object.hasOwn(values, key)
      ? [key, { ...node, example: undefined, default: values[key] }]
      : [key, node],
  );
  return { ...parent, members: Object.fromEntries(members) };
}
