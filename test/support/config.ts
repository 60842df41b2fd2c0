import { resolveSettings } from "../../src/config/resolve.js";
import { valuesOf } from "../../src/config/resolved.js";
import { type Config, schema } from "../../src/config/schema.js";
import type { ConfigSource } from "../../src/config/source.js";

/** Settings as they would be written in YAML, all optional. */
export type ConfigOverrides<Values = Config> = { readonly [Key in keyof Values]?: Override<Values[Key]> };

type Override<Value> = Value extends readonly (infer Item)[]
  ? readonly Override<Item>[] | string
  : Value extends string | number | boolean
    ? Value | string
    : ConfigOverrides<Value>;

/** The configuration of a Berth without settings. */
export function defaultConfig(): Config {
  return configWith({});
}

/** The defaults, except for the given settings: `configWith({ private: { manifestMaxSize: "1KiB" } })`. */
export function configWith(overrides: ConfigOverrides): Config {
  const source: ConfigSource = { tree: overrides, problems: [], locate: () => "test" };
  // The values follow the definition that the type is derived from.
  return valuesOf(resolveSettings(schema, { sources: [source], directory: process.cwd() })) as Config;
}
