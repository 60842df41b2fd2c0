import type { ConfigPath } from "./definition.js";
import type { Problem } from "./problem.js";

/** A source of settings: a file, or the environment. */
export interface ConfigSource {
  /** The text of a file, as it was read. */
  readonly text?: string;
  /** Its settings, as maps of keys; `undefined` or `null` if there are none. */
  readonly tree: unknown;
  /** Problems that kept it from being read completely. */
  readonly problems: readonly Problem[];
  /** Where a key is written, for people: `berth.yml:3:9`, or the name of an environment variable. */
  locate(path: ConfigPath): string;
  /** The key as it is written in the source, if that has other keys than Berth. */
  keyOf?(path: ConfigPath): ConfigPath;
}

/** What one source says about one key. */
export interface Statement {
  readonly source: ConfigSource;
  /** As it is written; for a secret, possibly the key that names a file. */
  readonly path: ConfigPath;
  readonly key: string;
  readonly value: unknown;
}
