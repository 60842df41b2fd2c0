import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { NamePatterns } from "../../../src/registry/name-patterns.js";

function fits(pattern: string, name: string): boolean {
  return new NamePatterns([pattern]).find(parseRepositoryName(name)) === pattern;
}

test("a star matches any characters within one component, two stars match one or more components", () => {
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

test("of several matching patterns, the most specific is named", () => {
  const patterns = new NamePatterns(["**", "*", "app", "team/*", "team/app"]);
  assert.equal(patterns.find(parseRepositoryName("app")), "app");
  assert.equal(patterns.find(parseRepositoryName("team/app")), "team/app");
  assert.equal(patterns.find(parseRepositoryName("team/web")), "team/*");
  assert.equal(patterns.find(parseRepositoryName("a/b/c")), "**");
});

test("all matching patterns are found, each once", () => {
  const all = ["**", "*", "app", "team/*", "team/app", "*/*", "**/app", "t*/a*", "**/**", "**/web", "team", "*/app/*"];
  const patterns = new NamePatterns([...all, "**"]);
  for (const name of ["app", "team/app", "team/app/web", "a/b/c/app"]) {
    assert.deepEqual(
      [...patterns.findAll(parseRepositoryName(name))].sort(),
      all.filter((pattern) => fits(pattern, name)).sort(),
      name,
    );
  }
});

test("matching never costs more than the length of the name times that of the pattern", () => {
  const names = ["a".repeat(255), `${"a/".repeat(127)}a`, `${"a-".repeat(127)}a`, `team/${"a.".repeat(120)}a`];
  const patterns = [
    "*a*a*a*a*a*a*a*b",
    "*-*-*-*-*-*-prod",
    `${"**/a/".repeat(20)}b`,
    `${"**/".repeat(30)}b`,
    `${"**/*a*/".repeat(10)}b`,
  ];
  for (const pattern of patterns) {
    // A search that backtracks would not end in time.
    for (const name of names) {
      assert.equal(fits(pattern, name), false, `${pattern} ${name}`);
      assert.equal(new NamePatterns([pattern]).findAll(parseRepositoryName(name)).size, 0);
    }
  }
});

test("parts between stars may match at several positions, and do not overlap", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["*ab*b", "aab", false],
    ["*ab*b", "aabb", true],
    ["a*b*c", "abbcbc", true],
    ["x**y", "x-y", true],
    ["**/a/**/a", "b/a/a/b/a", true],
    ["**/a/**/a", "a/b/a", false],
    ["**/b/*", "a/b/b/c", true],
    ["**/**", "a", false],
    ["**/**", "a/b", true],
  ];
  for (const [pattern, name, expected] of cases) assert.equal(fits(pattern, name), expected, `${pattern} ${name}`);
});

test("patterns with a common beginning are all searched, whatever an earlier one has tried", () => {
  const patterns = new NamePatterns(["**/x", "**/**/y", "a/**/z", "**/b/**"]);
  assert.equal(patterns.find(parseRepositoryName("a/c/z")), "a/**/z");
  assert.equal(patterns.find(parseRepositoryName("a/c/y")), "**/**/y");
  assert.equal(patterns.find(parseRepositoryName("c/b/d")), "**/b/**");
});
