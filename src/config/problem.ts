import { inspect } from "node:util";
import type { ConfigPath } from "./definition.js";

/** A mistake in the configuration that keeps Berth from starting. */
export interface Problem {
  /** Its position: `berth.yml:3:9`, or the name of an environment variable. */
  readonly where: string;
  /** The setting in question; empty for the whole configuration. */
  readonly path: ConfigPath;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** All problems of a configuration, reported together. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super([`${count} in the configuration`, ...problems.map(describeProblem)].join("\n  "));
    this.problems = problems;
  }
}

function describeProblem({ where, path, message }: Problem): string {
  return path.length === 0 ? `${where}: ${message}` : `${where}: ${showPath(path)}: ${message}`;
}

/** `proxy.upstreams[1].url`; other keys are quoted, so that nothing in them reaches a terminal raw. */
export function showPath(path: ConfigPath): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === "number") return `${shown}[${key}]`;
    const word = /^[\w-]+$/.test(key) ? key : showValue(key);
    return shown === "" ? word : `${shown}.${word}`;
  }, "");
}

/** A value for use in a sentence: shortened, escaped, and without any secrets. */
export function showValue(value: unknown): string {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "a section with keys";
  const shown = inspect(value, {
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: 80,
    maxArrayLength: 5,
  });
  return shown.replaceAll(/\/\/[^\s,]*@/g, "//***@");
}

/** The message of a caught error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
