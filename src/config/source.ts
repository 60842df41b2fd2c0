import type { ConfigPath } from "./definition.js";
import type { Problem } from "./problem.js";

/** Something that says settings: a file, or the environment. */
export interface ConfigSource {
  /** The text of a file, as it was read. */
  readonly text?: string;
  /** What it says, as maps of keys; `undefined` or `null` if nothing. */
  readonly tree: unknown;
  /** Whether it is a file without any setting. */
  readonly isEmpty?: boolean;
  /** What kept it from being read as a whole. */
  readonly problems: readonly Problem[];
  /** Where it says a key, for people: `berth.yml:3:9`, or the name of an environment variable. */
  locate(path: ConfigPath): string;
  /** The key as it is written there, if the source has other keys than ours. */
  keyOf?(path: ConfigPath): ConfigPath;
}

/** What one source says of one key. */
export interface Statement {
  readonly source: ConfigSource;
  /** As it is written, which for a secret may be the key that names a file. */
  readonly path: ConfigPath;
  readonly key: string;
  readonly value: unknown;
}
