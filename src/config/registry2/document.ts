import type { ConfigPath } from "../definition.js";
import type { Problem } from "../problem.js";
import type { ConfigSource } from "../source.js";
import { Overwriting, type Variable } from "./variables.js";
import { findWritten, isList, isMap, saysNothing, type Written, type WrittenMap } from "./written.js";

/** The settings of registry:2: its file, if there is one, overridden by its variables. */
export class Registry2Document {
  readonly tree: WrittenMap;
  readonly problems: readonly Problem[];
  readonly #file: ConfigSource | undefined;
  /** The last variable that gave a key, by its path in lower case. */
  readonly #variables = new Map<string, string>();

  /** @param file read as `letters` */
  constructor(file: ConfigSource | undefined, variables: readonly Variable[]) {
    const problems = [...(file?.problems ?? [])];
    // Read as letters, a file contains nothing else.
    let tree = (file?.tree ?? {}) as WrittenMap;
    this.#file = file;
    for (const variable of variables) {
      if (isEmptyAuth(variable)) continue;
      const overwritten = new Overwriting(tree, variable);
      tree = overwritten.tree;
      this.#variables.set(keyOf(overwritten.path), variable.name);
      if (overwritten.problem !== undefined) problems.push(overwritten.problem);
    }
    this.tree = { ...tree, ...spelledOut(tree) };
    this.problems = problems;
  }

  /** What is written at a path; `undefined` if nothing is. */
  find(...path: readonly string[]): Written | undefined {
    return findWritten(this.tree, path);
  }

  /** The line or the variable that gives a key, something below it, or the nearest key above it. */
  locate(path: ConfigPath): string {
    for (let length = path.length; length > 0; length--) {
      const key = keyOf(path.slice(0, length));
      const variable = this.#variables.get(key);
      if (variable !== undefined) return variable;
      if (this.#isInFile(path.slice(0, length))) break;
      const below = [...this.#variables.keys()].find((candidate) => candidate.startsWith(`${key}\n`));
      if (below !== undefined) return this.#variables.get(below) ?? key;
    }
    return this.#file?.locate(path) ?? "environment";
  }

  #isInFile(path: ConfigPath): boolean {
    // Read as letters, a file contains nothing else.
    let written = this.#file?.tree as Written | undefined;
    for (const key of path) written = itemOf(written, key);
    return written !== undefined;
  }
}

function itemOf(written: Written | undefined, key: string | number): Written | undefined {
  if (typeof key === "number") return isList(written) ? written[key] : undefined;
  return isMap(written) && Object.hasOwn(written, key) ? written[key] : undefined;
}

/** For registry:2, an empty variable would remove the access control, which no one intends. */
function isEmptyAuth({ path, written }: Variable): boolean {
  return path[0] === "auth" && saysNothing(written);
}

/** `storage: inmemory` and `auth: token` are short for a section with that key alone. */
function spelledOut(tree: WrittenMap): WrittenMap {
  const short = ["storage", "auth"].filter((key) => typeof tree[key] === "string" && !saysNothing(tree[key]));
  return Object.fromEntries(short.map((key) => [key, { [String(tree[key])]: {} }]));
}

function keyOf(path: ConfigPath): string {
  return path.join("\n");
}
