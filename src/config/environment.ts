import { type ConfigPath, type Section, settingsBelow } from "./definition.js";
import { fileKeyOf } from "./known-keys.js";
import { isOfKubernetes } from "./kubernetes.js";
import { findNearest } from "./nearest-key.js";
import type { Problem } from "./problem.js";
import type { ConfigSource } from "./source.js";

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings that variables say: `BERTH_SERVER_PORT` is `server.port`, `BERTH_SERVER_TRUSTEDPROXIES` and
 * `BERTH_SERVER_TRUSTED_PROXIES` are `server.trustedProxies`. An empty variable says nothing. A list of sections is
 * said as a whole, in the brackets of YAML: `BERTH_PROXY_UPSTREAMS='[{name: ghcr.io, url: https://ghcr.io}]'`.
 */
export async function readEnvironment(environment: Environment, definition: Section): Promise<ConfigSource> {
  const known = variablesOf(definition);
  const variableByPath = new Map<string, string>();
  const problems: Problem[] = [];
  const tree: Tree = Object.create(null);
  for (const [variable, value = ""] of Object.entries(environment)) {
    const text = unquoted(value);
    if (!variable.startsWith("BERTH_") || text === "") continue;
    if (isOfKubernetes("BERTH", variable, text)) continue;
    const path = known.get(variable) ?? [];
    const earlier = variableByPath.get(path.join("."));
    if (path.length === 0) {
      problems.push({ where: variable, path, message: unknownVariable(variable, known) });
    } else if (earlier !== undefined) {
      problems.push({ where: variable, path, message: `${earlier} says the same setting; keep one of them` });
    } else {
      variableByPath.set(path.join("."), variable);
      plant(tree, path, await readValue(text));
    }
  }
  return { tree, problems, locate: (path) => variableOfNearest(variableByPath, path) };
}

/** Paths by the names of their variables, two for each: with the words of a key together, and apart. */
function variablesOf(definition: Section): ReadonlyMap<string, readonly string[]> {
  const paths = settingsBelow(definition).flatMap(({ path, setting }) =>
    setting.type === "setting" && setting.secret
      ? [path, [...path.slice(0, -1), fileKeyOf(path.at(-1) ?? "")]]
      : [path],
  );
  return new Map(
    paths.flatMap((path): [string, readonly string[]][] => [
      [variableOf(path), path],
      [variableOf(path.map((key) => key.replaceAll(/[A-Z]/g, "_$&"))), path],
    ]),
  );
}

function variableOf(path: readonly string[]): string {
  return ["BERTH", ...path].join("_").toUpperCase();
}

/** A variable that says a list says all that is in it. */
function variableOfNearest(variableByPath: ReadonlyMap<string, string>, path: ConfigPath): string {
  const lengths = path.map((_, index) => path.length - index);
  const keys = lengths.map((length) => path.slice(0, length).join("."));
  return keys.map((key) => variableByPath.get(key)).find((variable) => variable !== undefined) ?? "environment";
}

function unknownVariable(variable: string, known: ReadonlyMap<string, readonly string[]>): string {
  const meant = findNearest(variable, [...known.keys()]);
  return meant === undefined ? "no setting has this name" : `no setting has this name; did you mean ${meant}?`;
}

/**
 * `docker run --env-file` passes on the quotes around a value (docker/cli#3630), and the line ends of Windows. No value
 * of ours begins and ends with a quote.
 */
export function unquoted(value: string): string {
  const text = value.replace(/\r$/, "");
  const [, inner] = /^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text) ?? [];
  return inner ?? text;
}

/** Text stays text, since every kind reads its own; what is no list in spite of its bracket is left to be refused. */
async function readValue(text: string): Promise<unknown> {
  if (!text.startsWith("[")) return text;
  const { parse } = await import("yaml");
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return text;
  }
}

interface Tree {
  [key: string]: unknown;
}

function plant(tree: Tree, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  tree[key] ??= Object.create(null);
  // A section is never a setting too, so what lies at the key of one is a branch.
  plant(tree[key] as Tree, rest, value);
}
