import type { ConfigPath } from "../definition.js";
import { findNearest } from "../nearest-key.js";
import { showValue } from "../problem.js";
import type { ConfigSource } from "../source.js";
import { authRules } from "./auth-rules.js";
import type { Registry2Document } from "./document.js";
import { everyAddress, httpRules } from "./http-rules.js";
import { notificationRules } from "./notification-rules.js";
import { logRules, otherRules } from "./other-rules.js";
import { proxyRules } from "./proxy-rules.js";
import type { Rules } from "./rule.js";
import { storageRules, translateDriver, usualRoot } from "./storage-rules.js";
import { Translation } from "./translation.js";
import { isMap, saysNothing, type Written } from "./written.js";

const rules: Rules = {
  ...logRules,
  ...storageRules,
  ...authRules,
  ...httpRules,
  ...proxyRules,
  ...notificationRules,
  ...otherRules,
};

const settings = Object.keys(rules);

/** The names at the top of the file: sections, and settings outside them. */
export const topKeys: ReadonlySet<string> = new Set(settings.map((setting) => setting.split(".")[0] ?? ""));

/** Translates everything that a document of registry:2 says. */
export function translate(document: Registry2Document): Translation {
  const translation = new Translation(document);
  const { version: _, ...sections } = document.tree;
  const { storage } = sections;
  if (isMap(storage)) translateDriver(storage, translation);
  for (const [key, written] of Object.entries(sections)) translateBelow([key], written, translation);
  return translation;
}

/**
 * Defaults of registry:2 that differ from Berth's: all addresses, absolute URLs in responses, no DELETE, and everyone
 * may do everything.
 */
export const defaultsOfRegistry2: ConfigSource = {
  tree: {
    server: { host: everyAddress, locations: "absolute" },
    storage: { filesystem: { root: usualRoot } },
    private: { delete: false },
    access: { open: true },
  },
  problems: [],
  locate: () => "a default of registry:2",
};

function translateBelow(path: ConfigPath, written: Written, translation: Translation): void {
  const name = path.join(".");
  if (Object.hasOwn(rules, name)) {
    if (!saysNothing(written)) rules[name]?.({ path, written }, translation);
  } else if (!settings.some((setting) => setting.startsWith(`${name}.`))) {
    noteUnknown(path, translation);
  } else if (isMap(written)) {
    for (const [key, below] of Object.entries(written)) translateBelow([...path, key], below, translation);
  } else if (!saysNothing(written) && name !== "storage") {
    translation.refuse(path, `must be a section with keys, not ${showValue(written)}`);
  }
}

/** registry:2 ignores unknown settings, and so does Berth. The driver has been recognised before. */
function noteUnknown(path: ConfigPath, translation: Translation): void {
  if (path[0] === "storage" && path.length === 2) return;
  const siblings = siblingsOf(path);
  const meant = findNearest(String(path.at(-1)), siblings);
  const advice = meant === undefined ? "" : `; did you mean ${[...path.slice(0, -1), meant].join(".")}?`;
  translation.note(path, "unknown", `registry:2 ignores it too${advice}`);
}

function siblingsOf(path: ConfigPath): string[] {
  const section = path
    .slice(0, -1)
    .map((key) => `${key}.`)
    .join("");
  const below = settings.filter((setting) => setting.startsWith(section));
  return [...new Set(below.map((setting) => setting.slice(section.length).split(".")[0] ?? ""))];
}
