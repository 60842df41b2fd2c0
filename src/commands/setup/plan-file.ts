import { isOwnFile, type SetupFile } from "./client-setup.js";
import { extendJson, Unsafe } from "./extend-json.js";

/**
 * What a file should hold when what it holds now is kept.
 * @param existing its content now, `undefined` if it is not there
 * @throws Unsafe if only a person can tell
 */
export function planFile(file: SetupFile, existing: string | undefined): string {
  const { content, joining } = file;
  if (existing === undefined || existing === content) return content;
  if (joining === "extend-json") return extendJson(existing, content);
  if (isOwnFile(existing)) return content;
  if (joining === "append-toml") return appendTables(existing, content);
  throw new Unsafe("it exists with other content");
}

/** Tables may come in any order, but none may come twice. */
function appendTables(existing: string, tables: string): string {
  if (existing.includes(tables)) return existing;
  const settings = existing.replaceAll(/^\s*#.*$/gm, "");
  if (/\bregistry\b/.test(settings)) throw new Unsafe("it configures registries already");
  return `${existing.trimEnd()}\n\n${tables}`;
}
