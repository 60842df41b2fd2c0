import type { Kind } from "./kinds.js";

/** What is said of a setting beside what it may be. */
interface Note {
  /** One line for who runs Berth. */
  readonly meaning: string;
  /** Never shown, and may be given by `<key>File`, the path of a file that holds it. */
  readonly secret?: boolean;
  /** A change takes effect only when Berth is started again. */
  readonly needsRestart?: boolean;
}

/** One key of the configuration that holds a value. */
export interface Setting<Value = unknown> extends Note {
  readonly type: "setting";
  readonly kind: Kind<Value>;
  /** What holds when nothing is written, as one would write it. */
  readonly default: unknown;
  /** What one might write, where there is no default. */
  readonly example: string | undefined;
  /** Whether it is a mistake to leave it out where others of its section are written. */
  readonly required: boolean;
  /** Whether `null` may be written, which makes it `undefined`. */
  readonly nullable: boolean;
}

/** The keys of a section, in the order in which people should read them. */
export interface Members {
  readonly [key: string]: Setting | Section | SectionList;
}

/** A key of the configuration that holds other keys. */
export interface Section<Keys extends Members = Members, Optional extends boolean = boolean> {
  readonly type: "section";
  readonly meaning: string;
  readonly members: Keys;
  /** Whether all of it is `undefined` when nothing of it is written. */
  readonly optional: Optional;
  /** Settings that can be written as one word in place of the section. */
  readonly words?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Some settings of a section as one would write them. */
export type WrittenSection = Readonly<Record<string, string>>;

/** A key of the configuration that holds any number of sections with the same keys. */
export interface SectionList<Keys extends Members = Members> {
  readonly type: "list";
  readonly meaning: string;
  readonly item: Section<Keys, false>;
  /** What holds when nothing is written. A source that says the list says all of it. */
  readonly default: readonly WrittenSection[];
  /** One more that might be written. */
  readonly example: WrittenSection;
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

/** A setting that has a value even if nobody writes one. */
export function setting<Value>(kind: Kind<Value>, note: Note & { default: unknown }): Setting<Value> {
  return { type: "setting", kind, example: undefined, required: false, nullable: false, ...note };
}

/** A setting that has a value unless somebody writes `null`. */
export function nullableSetting<Value>(
  kind: Kind<Value>,
  note: Note & { default: unknown; example?: string },
): Setting<Value | undefined> {
  return { type: "setting", kind, example: undefined, required: false, nullable: true, ...note };
}

/** A setting that must be written if anything of its optional section is, or in each item of its list. */
export function requiredSetting<Value>(kind: Kind<Value>, note: Note & { example: string }): Setting<Value> {
  return { type: "setting", kind, default: undefined, required: true, nullable: false, ...note };
}

/** A setting that is `undefined` if nobody writes it. */
export function optionalSetting<Value>(
  kind: Kind<Value>,
  note: Note & { example: string },
): Setting<Value | undefined> {
  return { type: "setting", kind, default: undefined, required: false, nullable: false, ...note };
}

/** A section that is always there: what is not written of it has its default. */
export function section<Keys extends Members>(meaning: string, members: Keys): Section<Keys, false> {
  return { type: "section", meaning, members, optional: false };
}

/** A section that is there only if something of it is written. */
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

/** Keys from the top, such as `["server", "port"]`; numbers count the items of a list from 0. */
export type ConfigPath = readonly (string | number)[];

/** What a source says as a whole, and where it stands. */
export interface LocatedSetting {
  readonly path: readonly string[];
  readonly setting: Setting | SectionList;
}

/** All settings and lists of sections below a section, in its order. */
export function settingsBelow(parent: Section, path: readonly string[] = []): readonly LocatedSetting[] {
  return Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "section" ? settingsBelow(node, [...path, key]) : [{ path: [...path, key], setting: node }],
  );
}

/** A section with other defaults, which also stand in for what had none. */
export function withDefaults<Keys extends Members>(parent: Section<Keys>, values: WrittenSection): Section {
  const members = Object.entries(parent.members).map(([key, node]) =>
    node.type === "setting" && Object.hasOwn(values, key)
      ? [key, { ...node, example: undefined, default: values[key] }]
      : [key, node],
  );
  return { ...parent, members: Object.fromEntries(members) };
}
