import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type Environment, readEnvironment, unquoted } from "./environment.js";
import type { Registry2Settings } from "./registry2/read.js";
import type { Note } from "./registry2/translation.js";
import { resolveSettings } from "./resolve.js";
import { type ResolvedSection, valuesOf } from "./resolved.js";
import { brokenRules, type ConfigDraft } from "./rules.js";
import { type Config, schema } from "./schema.js";
import type { ConfigSource } from "./source.js";
import type { Reading } from "./yaml-file.js";

/** The file that is read, if it is there, when none is named. */
export const defaultFile = "berth.yml";

/** Names the file where none is named otherwise, as for registry:2. */
const fileVariable = "REGISTRY_CONFIGURATION_PATH";

/** Where settings are looked for. */
export interface ConfigOrigin {
  /** Must exist if it is named; else {@link defaultFile} is taken if it is there. */
  readonly file?: string | undefined;
  /** `process.env`: its variables override the file. */
  readonly environment: Environment;
  /** What relative paths, those inside the file too, are relative to: the working directory. */
  readonly directory: string;
}

/** A configuration without a problem. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read. */
  readonly file: string | undefined;
  /** The text of the file. */
  readonly text: string | undefined;
  /** Each setting with where it came from. */
  readonly settings: ResolvedSection;
  /** What became of the settings of registry:2, if its file or its variables were read. */
  readonly registry2: readonly Note[] | undefined;
}

/**
 * Reads the configuration: the file, over it the environment, below both the defaults. Of the variables those of Berth
 * go before those of registry:2.
 * @throws ConfigError with all that is wrong
 */
export async function loadConfig(from: ConfigOrigin): Promise<LoadedConfig> {
  const file = from.file ?? (await findFile(from));
  const [{ text, fileSources, registry2 }, environment] = await Promise.all([
    readFile(file, from),
    readEnvironment(from.environment, schema),
  ]);
  // An empty file beside variables is meant so, as in containers; alone it is what a full disk leaves of a file.
  const isConfigured = Object.keys(environment.tree ?? {}).length > 0;
  const sources = [...fileSources.filter(({ isEmpty }) => !(isEmpty && isConfigured)), environment];
  // Here and below: the values follow the definition that the type is derived from.
  const rules = (values: unknown) => brokenRules(values as ConfigDraft);
  const settings = resolveSettings(schema, { sources, directory: from.directory, rules });
  return { config: valuesOf(settings) as Config, file, text, settings, registry2: registry2?.notes };
}

/** The one that registry:2's variable names, else the one of the folder. */
async function findFile({ environment, directory }: ConfigOrigin): Promise<string | undefined> {
  const named = unquoted(environment[fileVariable] ?? "");
  if (named !== "") return named;
  try {
    await access(resolve(directory, defaultFile));
    return defaultFile;
  } catch {
    return undefined;
  }
}

interface FileSettings {
  readonly text: string | undefined;
  readonly fileSources: readonly ConfigSource[];
  readonly registry2: Registry2Settings | undefined;
}

/** What the file says, be it Berth's or registry:2's, and registry:2's variables. */
async function readFile(file: string | undefined, { environment, directory }: ConfigOrigin): Promise<FileSettings> {
  const source = file === undefined ? undefined : await readSource(file, directory);
  const isRegistry2File = file !== undefined && isOfRegistry2(source);
  const hasVariables = Object.keys(environment).some((variable) => variable.startsWith("REGISTRY_"));
  const text = source?.text;
  if (!isRegistry2File && !hasVariables) return { text, fileSources: source ? [source] : [], registry2: undefined };
  const { readRegistry2File, readRegistry2Variables, readVariablesBeside } = await import("./registry2/read.js");
  if (isRegistry2File) {
    const registry2 = readRegistry2File(await readSource(file, directory, "letters"), environment);
    return { text, fileSources: [registry2.implied, registry2.said], registry2 };
  }
  const registry2 = source ? readVariablesBeside(source, environment) : readRegistry2Variables(environment);
  const fileSources = [registry2?.implied, source, registry2?.said].filter((present) => present !== undefined);
  return { text, fileSources, registry2 };
}

/** Without a file Berth starts sooner, since the parser of YAML is then not loaded. */
async function readSource(file: string, directory: string, reading?: Reading): Promise<ConfigSource> {
  const { readYamlFile } = await import("./yaml-file.js");
  return readYamlFile(file, directory, reading);
}

/** Berth's own files say no version. */
function isOfRegistry2(source: ConfigSource | undefined): boolean {
  const tree = source?.tree;
  return typeof tree === "object" && tree !== null && Object.hasOwn(tree, "version");
}
