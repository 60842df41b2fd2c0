import fc from "fast-check";
import type { Members, Section, Setting } from "../../src/config/definition.js";
import { parseDuration } from "../../src/config/duration.js";
import { schema } from "../../src/config/schema.js";
import { parseSize } from "../../src/config/size.js";

/** What a test decides itself: where Berth listens, where its data is, and files that would have to exist. */
const decided: readonly string[] = [
  ...["server.host", "server.port", "server.tls", "storage.filesystem", "storage.s3", "proxy.default"],
  ...["access.rules", "access.issuers", "access.tokenService"],
  ...["dockerConfig", "ca", "cert", "key", "mirrors", "ns", "realms", "url", "name", "prefix", "username", "password"],
];

type Tree = Readonly<Record<string, unknown>>;

/** A file with any of the settings of the schema, each with any valid value. */
export const randomTree: fc.Arbitrary<Tree> = sectionTree(schema, "").map((tree) =>
  tree.access === undefined ? tree : { ...tree, access: { ...(tree.access as Tree), rules: someone } },
);

/** Without any word of who may get in, access is refused. */
const someone = [{ allow: "pull", to: "everyone" }];

function sectionTree({ members }: Section, path: string): fc.Arbitrary<Tree> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [key, node] of Object.entries(members)) {
    const below = path === "" ? key : `${path}.${key}`;
    const value = decided.includes(below) || decided.includes(key) ? undefined : nodeValue(node, below);
    if (value !== undefined) model[key] = value;
  }
  return fc.record(model, { requiredKeys: [] });
}

function nodeValue(node: Members[string], path: string): fc.Arbitrary<unknown> | undefined {
  if (node.type === "section") return sectionTree(node, path);
  if (node.type === "setting") return settingValue(node);
  const item = sectionTree(node.item, path).map((said) => ({ ...said, name: "docker.io", url: "http://127.0.0.1:9" }));
  return fc.array(item, { minLength: 1, maxLength: 1 });
}

/** By the kind's own description; `undefined` for text that only people can make up. */
function settingValue({ kind: { expected } }: Setting): fc.Arbitrary<unknown> | undefined {
  if (expected === "true or false") return fc.boolean();
  const words = /^one of (.*)$/.exec(expected)?.[1]?.split(", ");
  // A bucket would have to exist.
  if (words !== undefined) return fc.constantFrom(...words.filter((word) => word !== "s3"));
  const [, what, from = "", to = ""] = /^a (whole number|size|duration) from (\S+) to (\S+)/.exec(expected) ?? [];
  if (what === "whole number") return spread(Number(from), Number(to));
  if (what === "size") return spread(parseSize(from) ?? 0, parseSize(to) ?? 0);
  if (what === "duration") return spread(parseDuration(from) ?? 0, parseDuration(to) ?? 0).map((ms) => `${ms}ms`);
  return undefined;
}

/** Near both ends as often as between: values that do not divide evenly, or are tiny. */
function spread(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min, max: Math.min(max, min + 20) }),
    fc.integer({ min, max: Math.min(max, Math.max(min, 2_000_000)) }),
    fc.maxSafeInteger().map((whole) => min + (Math.abs(whole) % (max - min + 1))),
  );
}
