import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { NamePatterns } from "../../../src/registry/name-patterns.js";

function fits(pattern: string, name: string): boolean {
  return new NamePatterns([pattern]).find(parseRepositoryName(name)) === pattern;
}

test("a star stands for any characters within one part of a name, two stars for one part or more", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*", "app", true],
    ["*", "team/app", false],
    ["team/*", "team/app", true],
    ["team/*", "team", false],
    ["team/*", "team/app/web", false],
    ["team/**", "team/app/web", true],
    ["team/**", "team", false],
    ["**", "a/b/c", true],
    ["**/cache", "a/b/cache", true],
    ["**/cache", "cache", false],
    ["a/**/z", "a/b/c/z", true],
    ["a/**/z", "a/z", false],
    ["ci-*", "ci-42", true],
    ["ci-*", "aci-42", false],
    ["*-cache", "a-b-cache", true],
    ["a.b", "a-b", false],
  ];
  for (const [pattern, name, expected] of cases) assert.equal(fits(pattern, name), expected, `${pattern} ${name}`);
});

test("of several patterns that fit, the plainest is named", () => {
  const patterns = new NamePatterns(["**", "*", "app", "team/*", "team/app"]);
  assert.equal(patterns.find(parseRepositoryName("app")), "app");
  assert.equal(patterns.find(parseRepositoryName("team/app")), "team/app");
  assert.equal(patterns.find(parseRepositoryName("team/web")), "team/*");
  assert.equal(patterns.find(parseRepositoryName("a/b/c")), "**");
});
