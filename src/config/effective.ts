import type { LoadedConfig } from "./load.js";
import type { ResolvedList, ResolvedSection, ResolvedSetting } from "./resolved.js";
import { asItem, yamlValue } from "./yaml-value.js";

/** The configuration in effect as a file; each value that is not a default names its source. Without secrets. */
export function effectiveFile({ file, settings }: Pick<LoadedConfig, "file" | "settings">): string {
  const sources = file === undefined ? "the environment" : `${file} and the environment, which overrides it`;
  return [`# The settings of ${sources}. Without a comment: the default.`, ...sectionLines(settings), ""].join("\n");
}

function sectionLines({ members }: ResolvedSection): string[] {
  return [...(members ?? [])].flatMap(([key, node]) => {
    if (node.type === "setting") return settingLines(key, node);
    if (node.type === "list") return listLines(key, node);
    if (node.members === undefined) return [];
    return [`${key}:`, ...sectionLines(node).map((line) => `  ${line}`)];
  });
}

function listLines(key: string, { items, where }: ResolvedList): string[] {
  const head = items.length === 0 ? `${key}: []` : `${key}:`;
  return [withPlace(head, where), ...items.flatMap((item) => asItem(sectionLines(item)).map((line) => `  ${line}`))];
}

function settingLines(key: string, resolved: ResolvedSetting): string[] {
  if (resolved.written === undefined) return [];
  return [withPlace(`${key}: ${shownValue(resolved)}`, resolved.where)];
}

function withPlace(line: string, where: string | undefined): string {
  return where === undefined ? line : `${line} # ${where}`;
}

/** Durations and sizes as they were written, with their unit. */
function shownValue({ setting, value, written }: ResolvedSetting): string {
  if (setting.secret) return yamlValue("***");
  return typeof value === "number" ? String(written) : yamlValue(value ?? null);
}
