import type { Section, Setting } from "./definition.js";
import { yamlValue } from "./yaml-value.js";

const introduction = [
  "# Every setting of Berth with its default. Copy what you change to berth.yml; what is left out has its default.",
  "# Durations: 250ms, 90s, 1h30m, 7d. Sizes: 64KB (1000), 64KiB (1024), 512 (bytes).",
  "# Relative paths are relative to the folder that Berth is started in.",
  "# Each setting may be given by an environment variable, which goes before the file: BERTH_SERVER_PORT=5001 is",
  "# server.port, BERTH_PRIVATE_UPLOADS_MAX_CONCURRENT is private.uploads.maxConcurrent; lists with commas.",
  "# Written by `berth config example`.",
];

/** A file that says every setting with its default and its meaning. */
export function exampleFile(root: Section): string {
  const parts = Object.entries(root.members).map(([key, node]) => memberLines(key, node));
  return [introduction, ...parts].map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function memberLines(key: string, node: Setting | Section): string[] {
  if (node.type === "setting") return settingLines(key, node);
  const members = Object.entries(node.members).flatMap(([below, member]) => memberLines(below, member));
  const lines = [`${key}:`, ...members.map((line) => `  ${line}`)];
  return [`# ${node.meaning}`, ...(node.optional ? lines.map((line) => `# ${line}`) : lines)];
}

/** What has no default is shown as a comment, or as a part of its section's. */
function settingLines(key: string, setting: Setting): string[] {
  const comment = `# ${setting.meaning}`;
  if (setting.example === undefined) return [comment, `${key}: ${yamlValue(setting.default)}`];
  const line = `${key}: ${yamlValue(setting.example)}`;
  return [comment, setting.required ? line : `# ${line}`];
}
