import { type Members, type Section, type SectionList, type Setting, withDefaults } from "./definition.js";
import { asItem, yamlValue } from "./yaml-value.js";

const introduction = [
  "# Every setting of Berth with its default. Copy what you change to berth.yml; a setting that is left out has its default.",
  "# Durations: 250ms, 90s, 1h30m, 7d. Sizes: 64KB (1000), 64KiB (1024), 512 (bytes).",
  "# Relative paths are relative to the folder that Berth is started in.",
  "# An environment variable can give any setting, and overrides the file: BERTH_SERVER_PORT=5001 is",
  "# server.port, BERTH_PRIVATE_UPLOADS_MAX_CONCURRENT is private.uploads.maxConcurrent; lists with commas.",
  "# A list of sections is given as a whole: BERTH_PROXY_UPSTREAMS='[{name: ghcr.io, url: https://ghcr.io}]'.",
  "# Written by `berth config example`.",
];

/** A file with every setting, its default and its meaning. */
export function exampleFile(root: Section): string {
  const parts = Object.entries(root.members).map(([key, node]) => memberLines(key, node));
  return [introduction, ...parts].map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function memberLines(key: string, node: Members[string]): string[] {
  if (node.type === "setting") return settingLines(key, node);
  if (node.type === "list") return listLines(key, node);
  const lines = [`${key}:`, ...indented(sectionLines(node))];
  return [`# ${node.meaning}`, ...(node.optional ? commented(lines) : lines)];
}

function sectionLines({ members }: Section): string[] {
  return Object.entries(members).flatMap(([key, member]) => memberLines(key, member));
}

/** The default items with all their settings, and an example of one more as a comment. */
function listLines(key: string, list: SectionList): string[] {
  const defaults = list.default.flatMap((item) => asItem(sectionLines(withDefaults(list.item, item))));
  const example = Object.entries(list.example).map(([below, value]) => `${below}: ${yamlValue(value)}`);
  const lines = [`${key}:`, ...indented([...defaults, ...commented(asItem(example))])];
  // A key with nothing but comments below it would be no list.
  const isEmpty = defaults.length === 0;
  return [`# ${list.meaning}`, ...(isEmpty ? commented([`${key}:`, ...indented(asItem(example))]) : lines)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function commented(lines: readonly string[]): string[] {
  return lines.map((line) => `# ${line}`);
}

/** A setting without a default becomes a comment, or part of its section's comment. */
function settingLines(key: string, setting: Setting): string[] {
  const comment = `# ${setting.meaning}${setting.needsRestart ? " A change needs a restart." : ""}`;
  if (setting.example === undefined) return [comment, `${key}: ${yamlValue(setting.default)}`];
  const line = `${key}: ${yamlValue(setting.example)}`;
  return [comment, setting.required ? line : `# ${line}`];
}
