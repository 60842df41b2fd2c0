import { isDeepStrictEqual } from "node:util";
import { type LocatedSetting, settingsBelow } from "./definition.js";
import { type Config, schema } from "./schema.js";

/** The differences between two configurations. */
export interface ConfigChanges {
  /** Settings that can take effect at once. */
  readonly now: readonly string[];
  /** Settings that take effect after a restart. */
  readonly afterRestart: readonly string[];
  /** The new configuration, with the old values of settings that need a restart. */
  readonly effective: Config;
}

/** Compares values only, not how or where they are written. */
export function changesBetween(before: Config, after: Config): ConfigChanges {
  const changed = settingsBelow(schema).filter(({ path }) => !isDeepStrictEqual(at(before, path), at(after, path)));
  const waiting = changed.filter(needsRestart);
  return {
    now: changed.filter((setting) => !needsRestart(setting)).map(({ path }) => path.join(".")),
    afterRestart: waiting.map(({ path }) => path.join(".")),
    // Only values of the same keys are inserted, so the type stays the same.
    effective: waiting.reduce<unknown>((config, { path }) => restored(config, before, path), after) as Config,
  };
}

function needsRestart({ setting }: LocatedSetting): boolean {
  return setting.type === "setting" && setting.needsRestart === true;
}

function at(config: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return config;
  return isSection(config) ? at(config[key], rest) : undefined;
}

/** Restores the old value at a path; a section that did not exist before is removed. */
function restored(config: unknown, before: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || !isSection(before)) return before;
  const section = isSection(config) ? config : {};
  return { ...section, [key]: restored(section[key], before[key], rest) };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
