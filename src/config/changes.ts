import { isDeepStrictEqual } from "node:util";
import { type LocatedSetting, settingsBelow } from "./definition.js";
import { type Config, schema } from "./schema.js";

/** What differs between two configurations. */
export interface ConfigChanges {
  /** Keys that can take effect at once. */
  readonly now: readonly string[];
  /** Keys that take effect when Berth is started again. */
  readonly afterRestart: readonly string[];
  /** The new configuration, with the old values of what has to wait. */
  readonly effective: Config;
}

/** Compares values only: what was written in another way, or at another place, has not changed. */
export function changesBetween(before: Config, after: Config): ConfigChanges {
  const changed = settingsBelow(schema).filter(({ path }) => !isDeepStrictEqual(at(before, path), at(after, path)));
  const waiting = changed.filter(needsRestart);
  return {
    now: changed.filter((setting) => !needsRestart(setting)).map(({ path }) => path.join(".")),
    afterRestart: waiting.map(({ path }) => path.join(".")),
    // Only values of the same keys are put in, so the type stays what it was.
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

/** With the old value at a path; a section that was not there before is not there then. */
function restored(config: unknown, before: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || !isSection(before)) return before;
  const section = isSection(config) ? config : {};
  return { ...section, [key]: restored(section[key], before[key], rest) };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
