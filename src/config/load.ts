import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type Environment, readEnvironment } from "./environment.js";
import { resolveSettings } from "./resolve.js";
import { type ResolvedSection, valuesOf } from "./resolved.js";
import { brokenRules, type ConfigDraft } from "./rules.js";
import { type Config, schema } from "./schema.js";
import type { ConfigSource } from "./source.js";

/** The file that is read, if it is there, when none is named. */
export const defaultFile = "berth.yml";

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
  /** Each setting with where it came from. */
  readonly settings: ResolvedSection;
}

/**
 * Reads the configuration: the file, over it the environment, below both the defaults.
 * @throws ConfigError with all that is wrong
 */
export async function loadConfig(from: ConfigOrigin): Promise<LoadedConfig> {
  const file = from.file ?? (await findDefaultFile(from.directory));
  const sources = await Promise.all([
    ...(file === undefined ? [] : [readFileSource(file, from.directory)]),
    readEnvironment(from.environment, schema),
  ]);
  // Here and below: the values follow the definition that the type is derived from.
  const rules = (values: unknown) => brokenRules(values as ConfigDraft);
  const settings = resolveSettings(schema, { sources, directory: from.directory, rules });
  return { config: valuesOf(settings) as Config, file, settings };
}

async function findDefaultFile(directory: string): Promise<string | undefined> {
  try {
    await access(resolve(directory, defaultFile));
    return defaultFile;
  } catch {
    return undefined;
  }
}

/** Without a file Berth starts sooner, since the parser of YAML is then not loaded. */
async function readFileSource(file: string, directory: string): Promise<ConfigSource> {
  const { readYamlFile } = await import("./yaml-file.js");
  return readYamlFile(file, directory);
}
