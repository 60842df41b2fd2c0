import { isOwnFile, type SetupFile } from "../../setup/client-setup.js";
import { extendJson, Unsafe } from "./extend-json.js";

/**
 * The new content of a file, keeping what it holds now.
 * @param existing its current content, `undefined` if it does not exist
 * @throws Unsafe if only a person can decide
 */
export function planFile(file: SetupFile, existing: string | undefined): string {
  const { content, joining } = file;
  if (existing === undefined || existing === content) return content;
  if (joining === "extend-json") return extendJson(existing, content);
  if (isOwnFile(existing)) return content;
  if (joining === "append-toml") return appendTables(existing, content);
  throw new Unsafe("it exists with other content");
}

/** TOML tables may be in any order, but each may occur only once. */
function appendTables(existing: string, tables: string): string {
  if (existing.includes(tables)) return existing;
  const settings = existing.replaceAll(/^\s*#.*$/gm, "");
  if (/\bregistry\b/.test(settings)) throw new Unsafe("it configures registries already");
  return `${existing.trimEnd()}\n\n${tables}`;
}
