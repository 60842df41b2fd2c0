import { readSmallText } from "../foundation/small-file.js";
import type { Section } from "./definition.js";
import { filePath } from "./kinds.js";
import { secretOfFileKey } from "./known-keys.js";
import { messageOf } from "./problem.js";
import type { ConfigSource } from "./source.js";

/** What the file of a secret contains, or why it cannot be read. */
export type SecretFile = { readonly text: string } | { readonly problem: string };

/**
 * Reads the files that `<key>File` names for the secrets of a definition, by absolute path. They are read before the
 * settings are resolved: a pipe may be slow, and a server that reads its settings again goes on meanwhile.
 */
export async function readSecretFiles(
  root: Section,
  sources: readonly ConfigSource[],
  directory: string,
): Promise<ReadonlyMap<string, SecretFile>> {
  const named = sources.flatMap(({ tree }) => filesNamedIn(root, tree));
  const paths = new Set(named.map((value) => filePath.parse(value, directory)));
  const entries = [...paths].map(async (path) => (path === undefined ? [] : [[path, await read(path)] as const]));
  return new Map((await Promise.all(entries)).flat());
}

async function read(path: string): Promise<SecretFile> {
  try {
    return { text: await readSmallText(path) };
  } catch (error) {
    return { problem: `cannot be read: ${messageOf(error)}` };
  }
}

/** The values of all keys that name the file of a secret. */
function filesNamedIn(section: Section, tree: unknown): unknown[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) => {
    const member = Object.hasOwn(section.members, key) ? section.members[key] : undefined;
    if (member?.type === "section") return filesNamedIn(member, value);
    if (member?.type === "list" && Array.isArray(value))
      return value.flatMap((item) => filesNamedIn(member.item, item));
    return member === undefined && secretOfFileKey(section, key) !== undefined ? [value] : [];
  });
}
