import type { LoadedConfig } from "../load.js";
import type { ResolvedList, ResolvedNode, ResolvedSection, ResolvedSetting } from "../resolved.js";
import { asItem, yamlValue } from "../yaml-value.js";
import { reportLines } from "./report-text.js";

/** The equivalent Berth file: each value with its origin, and at the top what became of each setting of registry:2. */
export function importedFile({ file, settings, registry2 }: LoadedConfig): string {
  const head = [
    `Settings of ${file ?? "the environment"}, written by \`berth config import\`. Settings that are left out have Berth's defaults.`,
    ...reportLines(registry2 ?? []),
  ];
  return [...head.map((line) => `# ${line}`), "", ...sectionLines(settings), ""].join("\n");
}

function sectionLines({ members }: ResolvedSection): string[] {
  return [...(members ?? [])].flatMap(([key, node]) => memberLines(key, node));
}

/** Only settings that were given. */
function memberLines(key: string, node: ResolvedNode): string[] {
  if (node.type === "setting") return settingLines(key, node);
  if (node.type === "list") return listLines(key, node);
  const lines = sectionLines(node);
  return lines.length === 0 ? [] : [`${key}:`, ...lines.map((line) => `  ${line}`)];
}

function listLines(key: string, { items, where }: ResolvedList): string[] {
  if (where === undefined) return [];
  return [`${key}:`, ...items.flatMap((item) => asItem(sectionLines(item)).map((line) => `  ${line}`))];
}

/** Durations and sizes as they were written, with their unit. */
function settingLines(key: string, { value, written, where }: ResolvedSetting): string[] {
  if (where === undefined) return [];
  return [`${key}: ${typeof value === "number" ? String(written) : yamlValue(value ?? null)} # ${where}`];
}
