import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type Environment, readEnvironment, unquoted } from "./environment.js";
import type { Registry2Settings } from "./registry2/read.js";
import type { Note } from "./registry2/translation.js";
import { resolveSettings } from "./resolve.js";
import { type ResolvedSection, valuesOf } from "./resolved.js";
import { brokenRules, type ConfigDraft } from "./rules.js";
import { type Config, schema } from "./schema.js";
import { readSecretFiles } from "./secret-files.js";
import type { ConfigSource } from "./source.js";

/** The file that is read by default, if it exists. */
export const defaultFile = "berth.yml";

/** Names the file if nothing else does, as for registry:2. */
const fileVariable = "REGISTRY_CONFIGURATION_PATH";

/** The sources of the configuration. */
export interface ConfigOrigin {
  /** Must exist if given; otherwise {@link defaultFile} is read if it exists. */
  readonly file?: string | undefined;
  /** `process.env`: its variables override the file. */
  readonly environment: Environment;
  /** The base of relative paths, including those in the file: the working directory. */
  readonly directory: string;
}

/** A valid configuration. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read. */
  readonly file: string | undefined;
  readonly text: string | undefined;
  /** Each setting with its source. */
  readonly settings: ResolvedSection;
  /** What became of the settings of registry:2, if its file or its variables were read. */
  readonly registry2: readonly Note[] | undefined;
}

/**
 * Reads the configuration: variables override the file, and the file overrides the defaults. Berth's variables override
 * those of registry:2.
 * @throws ConfigError with everything that is wrong
 */
export async function loadConfig(from: ConfigOrigin): Promise<LoadedConfig> {
  const file = from.file ?? (await findFile(from));
  const [{ text, fileSources, registry2 }, environment] = await Promise.all([
    readFile(file, from),
    readEnvironment(from.environment, schema),
  ]);
  const sources = [...fileSources, environment];
  // Here and below: the values follow the definition that the type is derived from.
  const rules = (values: unknown) => brokenRules(values as ConfigDraft);
  const secretFiles = await readSecretFiles(schema, sources, from.directory);
  const settings = resolveSettings(schema, { sources, directory: from.directory, secretFiles, rules });
  return { config: valuesOf(settings) as Config, file, text, settings, registry2: registry2?.notes };
}

/** The file named by registry:2's variable, or the default file of the folder. */
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

/** The settings of the file, Berth's or registry:2's, and of registry:2's variables. */
async function readFile(file: string | undefined, { environment, directory }: ConfigOrigin): Promise<FileSettings> {
  const source = file === undefined ? undefined : await readSource(file, directory);
  const hasVariables = Object.keys(environment).some((variable) => variable.startsWith("REGISTRY_"));
  const text = source?.text;
  const isRegistry2File = file !== undefined && text !== undefined && isOfRegistry2(source);
  if (!isRegistry2File && !hasVariables) return { text, fileSources: source ? [source] : [], registry2: undefined };
  const { readRegistry2File, readRegistry2Variables, readVariablesBeside } = await import("./registry2/read.js");
  if (isRegistry2File) {
    // Parsed again, and not read again: a pipe gives its text once.
    const { parseYamlSource } = await import("./yaml-file.js");
    const registry2 = readRegistry2File(parseYamlSource(text, file, "letters"), environment);
    return { text, fileSources: [registry2.implied, registry2.said], registry2 };
  }
  const registry2 = source ? readVariablesBeside(source, environment) : readRegistry2Variables(environment);
  const fileSources = [registry2?.implied, source, registry2?.said].filter((present) => present !== undefined);
  return { text, fileSources, registry2 };
}

/** Without a file, Berth starts sooner because the YAML parser is not loaded. */
async function readSource(file: string, directory: string): Promise<ConfigSource> {
  const { readYamlFile } = await import("./yaml-file.js");
  return readYamlFile(file, directory);
}

/** Only files of registry:2 have a version. */
function isOfRegistry2(source: ConfigSource | undefined): boolean {
  const tree = source?.tree;
  return typeof tree === "object" && tree !== null && Object.hasOwn(tree, "version");
}
