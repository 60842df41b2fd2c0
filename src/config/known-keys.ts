import type { Section } from "./definition.js";

/** The keys of a section: its members, and for each secret the key that names a file. */
export function knownKeys(parent: Section): readonly string[] {
  return Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "setting" && node.secret ? [key, fileKeyOf(key)] : [key],
  );
}

/** `passwordFile` of `password`. */
export function fileKeyOf(key: string): string {
  return `${key}File`;
}

/** `password` of `passwordFile`; `undefined` if the key belongs to no secret of the section. */
export function secretOfFileKey(parent: Section, fileKey: string): string | undefined {
  return Object.entries(parent.members).find(
    ([key, node]) => node.type === "setting" && node.secret && fileKeyOf(key) === fileKey,
  )?.[0];
}
