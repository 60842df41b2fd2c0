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
}

/** The keys of a section, in the order in which people should read them. */
export interface Members {
  readonly [key: string]: Setting | Section;
}

/** A key of the configuration that holds other keys. */
export interface Section<Keys extends Members = Members, Optional extends boolean = boolean> {
  readonly type: "section";
  readonly meaning: string;
  readonly members: Keys;
  /** Whether all of it is `undefined` when nothing of it is written. */
  readonly optional: Optional;
}

/** The type of the values that a definition defines. */
export type ValueOf<Node> =
  Node extends Section<infer Keys, infer Optional>
    ? ValuesOf<Keys> | (Optional extends true ? undefined : never)
    : Node extends Setting<infer Value>
      ? Value
      : never;

type ValuesOf<Keys extends Members> = { readonly [Key in keyof Keys]: ValueOf<Keys[Key]> };

/** A setting that has a value even if nobody writes one. */
export function setting<Value>(kind: Kind<Value>, note: Note & { default: unknown }): Setting<Value> {
  return { type: "setting", kind, example: undefined, required: false, ...note };
}

/** A setting of an optional section that must be written if anything of the section is. */
export function requiredSetting<Value>(kind: Kind<Value>, note: Note & { example: string }): Setting<Value> {
  return { type: "setting", kind, default: undefined, required: true, ...note };
}

/** A setting that is `undefined` if nobody writes it. */
export function optionalSetting<Value>(
  kind: Kind<Value>,
  note: Note & { example: string },
): Setting<Value | undefined> {
  return { type: "setting", kind, default: undefined, required: false, ...note };
}

/** A section that is always there: what is not written of it has its default. */
export function section<Keys extends Members>(meaning: string, members: Keys): Section<Keys, false> {
  return { type: "section", meaning, members, optional: false };
}

/** A section that is there only if something of it is written. */
export function optionalSection<Keys extends Members>(meaning: string, members: Keys): Section<Keys, true> {
  return { type: "section", meaning, members, optional: true };
}

/** Keys from the top, such as `["server", "port"]`. */
export type ConfigPath = readonly string[];

/** A setting and where it stands. */
export interface LocatedSetting {
  readonly path: ConfigPath;
  readonly setting: Setting;
}

/** All settings below a section, in its order. */
export function settingsBelow(parent: Section, path: ConfigPath = []): readonly LocatedSetting[] {
  return Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "section" ? settingsBelow(node, [...path, key]) : [{ path: [...path, key], setting: node }],
  );
}

/** The keys that a section understands: its members', and for each secret the one that names a file with it. */
export function knownKeys(parent: Section): readonly string[] {
  return Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "setting" && node.secret ? [key, fileKeyOf(key)] : [key],
  );
}

/** `passwordFile` of `password`. */
export function fileKeyOf(key: string): string {
  return `${key}File`;
}
