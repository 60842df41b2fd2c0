import { parse } from "yaml";
import type { ConfigPath } from "../definition.js";
import type { Environment } from "../environment.js";
import { isOfKubernetes } from "../kubernetes.js";
import type { Problem } from "../problem.js";
import { isList, isMap, type Written, type WrittenMap } from "./written.js";

/** A variable of registry:2 that is not empty. */
export interface Variable {
  readonly name: string;
  /** The key that it sets, in lower case. */
  readonly path: readonly string[];
  readonly written: Written;
}

/** Names the file, and is not a setting. */
const pathVariable = "REGISTRY_CONFIGURATION_PATH";

/** Names that people use, although registry:2 does not know them. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  REGISTRY_DELETE_ENABLED: ["storage", "delete", "enabled"],
};

/**
 * The variables in the order in which they apply: `REGISTRY_STORAGE` before `REGISTRY_STORAGE_DELETE`
 * (configuration/parser.go of the distribution registry), and an alias before the real name.
 */
export function registry2Variables(environment: Environment): readonly Variable[] {
  return Object.entries(environment)
    .flatMap(([name, text]) => (text === undefined || !isMeant(name, text) ? [] : [variableOf(name, text)]))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function isMeant(name: string, text: string): boolean {
  return name.startsWith("REGISTRY_") && name !== pathVariable && !isOfKubernetes("REGISTRY", name, text);
}

function variableOf(name: string, text: string): Variable {
  const path = aliases[name] ?? name.slice("REGISTRY_".length).toLowerCase().split("_");
  return { name, path, written: readValue(text) };
}

/** registry:2 parses values as YAML. It fails on invalid YAML, such as `@secret`, which can only be meant as text. */
function readValue(text: string): Written {
  try {
    return (parse(text, { schema: "failsafe", merge: true, logLevel: "error" }) as Written | null) ?? "";
  } catch {
    return text;
  }
}

/**
 * Applies one variable to settings. Existing keys match in any case, new ones are created in lower case; numbers are
 * indexes into a list.
 */
export class Overwriting {
  readonly tree: WrittenMap;
  /** The path of the variable, with existing keys spelled as they were. */
  readonly path: (string | number)[] = [];
  problem: Problem | undefined;
  readonly #variable: Variable;

  constructor(tree: WrittenMap, variable: Variable) {
    this.#variable = variable;
    // A variable name is never empty, so the result is still a map.
    this.tree = this.#plant(tree, variable.path) as WrittenMap;
  }

  #plant(at: Written | undefined, [key, ...rest]: readonly string[]): Written {
    if (key === undefined) return this.#variable.written;
    if (isList(at)) return this.#plantInList(at, key, rest);
    if (at === undefined && key === "0") return this.#plantInList([], key, rest);
    const map = mapOf(at, this.path);
    const found = Object.keys(map).find((candidate) => candidate.toLowerCase() === key) ?? key;
    this.path.push(found);
    return { ...map, [found]: this.#plant(Object.hasOwn(map, found) ? map[found] : undefined, rest) };
  }

  #plantInList(items: readonly Written[], key: string, rest: readonly string[]): Written {
    const index = Number(/^\d{1,6}$/.test(key) ? key : Number.NaN);
    if (!(index <= items.length)) {
      const message = `there is no item ${key}; the next one would be ${items.length}`;
      this.problem = { where: this.#variable.name, path: [...this.path], message };
      return items;
    }
    this.path.push(index);
    return items.toSpliced(index, 1, this.#plant(items[index], rest));
  }
}

/** `storage: s3` and `auth: htpasswd` are short for a map with that key. */
function mapOf(written: Written | undefined, path: ConfigPath): WrittenMap {
  if (isMap(written)) return written;
  const isShort = path.length === 1 && (path[0] === "storage" || path[0] === "auth");
  return isShort && typeof written === "string" && written !== "" ? { [written]: {} } : {};
}
