import { type ConfigPath, type Section, settingsBelow } from "./definition.js";
import { fileKeyOf } from "./known-keys.js";
import { isOfKubernetes } from "./kubernetes.js";
import { findNearest } from "./nearest-key.js";
import type { Problem } from "./problem.js";
import type { ConfigSource } from "./source.js";

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings given by variables: `BERTH_SERVER_PORT` is `server.port`; `BERTH_SERVER_TRUSTEDPROXIES` and
 * `BERTH_SERVER_TRUSTED_PROXIES` are both `server.trustedProxies`. An empty variable is ignored. A list of sections is
 * given as a whole, in YAML's flow style: `BERTH_PROXY_UPSTREAMS='[{name: ghcr.io, url: https://ghcr.io}]'`. A word that
 * stands for a section may be given as in the file: `BERTH_ACCESS=open`.
 */
export async function readEnvironment(environment: Environment, definition: Section): Promise<ConfigSource> {
  const settings = { known: variablesOf(definition), words: wordsBelow(definition) };
  const tree: Tree = Object.create(null);
  const variableByPath = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [variable, value = ""] of Object.entries(environment)) {
    const text = unquoted(value);
    if (!variable.startsWith("BERTH_") || text === "" || isOfKubernetes("BERTH", variable, text)) continue;
    const given = await givenBy(variable, text, settings);
    if (given.length === 0)
      problems.push({ where: variable, path: [], message: unknownVariable(variable, settings.known) });
    for (const { path, value } of given) {
      const earlier = variableByPath.get(path.join("."));
      if (earlier === undefined) plant(tree, path, value);
      else problems.push({ where: variable, path, message: `${earlier} gives the same setting; keep one of them` });
      variableByPath.set(path.join("."), earlier ?? variable);
    }
  }
  return { tree, problems, locate: (path) => variableOfNearest(variableByPath, path) };
}

/** A setting that a variable gives. */
interface Given {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What variables may give: settings by the variable's name, and what `VARIABLE=word` stands for. */
interface Variables {
  readonly known: ReadonlyMap<string, readonly string[]>;
  readonly words: ReadonlyMap<string, readonly Given[]>;
}

/** The settings that a variable gives; none if it is unknown. */
async function givenBy(variable: string, text: string, { known, words }: Variables): Promise<readonly Given[]> {
  const path = known.get(variable);
  return path ? [{ path, value: await readValue(text) }] : (words.get(`${variable}=${text}`) ?? []);
}

/** Paths by variable name. Each path has two names: with the words of a key joined, and separated. */
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

/** What `VARIABLE=word` gives, for the words that may be written in place of a section. */
function wordsBelow(parent: Section, path: readonly string[] = []): ReadonlyMap<string, readonly Given[]> {
  const own = Object.entries(parent.words ?? {}).map(([word, settings]): [string, Given[]] => [
    `${variableOf(path)}=${word}`,
    Object.entries(settings).map(([key, value]) => ({ path: [...path, key], value })),
  ]);
  const below = Object.entries(parent.members).flatMap(([key, node]) =>
    node.type === "section" ? [...wordsBelow(node, [...path, key])] : [],
  );
  return new Map([...own, ...below]);
}

function variableOf(path: readonly string[]): string {
  return ["BERTH", ...path].join("_").toUpperCase();
}

/** The variable that gives the setting at a path, or the list that contains it. */
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
 * Undoes what `docker run --env-file` passes on: quotes around a value (docker/cli#3630), and the line ends of Windows;
 * and the line end of a secret that was made by `echo`.
 * No value of ours begins and ends with a quote.
 */
export function unquoted(value: string): string {
  const text = value.replace(/[\r\n]+$/, "");
  const [, inner] = /^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text) ?? [];
  return inner ?? text;
}

/** Text stays text, since every kind parses its own. A value that only looks like a list is refused later. */
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
  // A section is never also a setting, so the value at its key is a branch.
  plant(tree[key] as Tree, rest, value);
}
