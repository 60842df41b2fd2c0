import { inspect } from "node:util";
import type { ConfigPath } from "./definition.js";

/** Something in the configuration that must be changed before Berth can start. */
export interface Problem {
  /** Where it is written: `berth.yml:3:9`, or the name of an environment variable. */
  readonly where: string;
  /** The key in question; empty if it is the whole. */
  readonly path: ConfigPath;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    super([`${count} in the configuration`, ...problems.map(describeProblem)].join("\n  "));
    this.problems = problems;
  }
}

function describeProblem({ where, path, message }: Problem): string {
  return path.length === 0 ? `${where}: ${message}` : `${where}: ${showPath(path)}: ${message}`;
}

/** `proxy.upstreams[1].url`; keys that are no plain words in quotes, so that nothing in them reaches a terminal raw. */
export function showPath(path: ConfigPath): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === "number") return `${shown}[${key}]`;
    const word = /^[\w-]+$/.test(key) ? key : showValue(key);
    return shown === "" ? word : `${shown}.${word}`;
  }, "");
}

/** A value as it can be quoted in a sentence, however long or odd it is; without the secrets that may lie in it. */
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

/** What an error that was caught says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
