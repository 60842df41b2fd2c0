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

test("no pattern makes a name cost more than its length times the pattern's", () => {
  const names = ["a".repeat(255), `${"a/".repeat(127)}a`, `${"a-".repeat(127)}a`, `team/${"a.".repeat(120)}a`];
  const patterns = [
    "*a*a*a*a*a*a*a*b",
    "*-*-*-*-*-*-prod",
    `${"**/a/".repeat(20)}b`,
    `${"**/".repeat(30)}b`,
    `${"**/*a*/".repeat(10)}b`,
  ];
  for (const pattern of patterns) {
    // Any search that backtracks would not end within the life of the test.
    for (const name of names) assert.equal(fits(pattern, name), false, `${pattern} ${name}`);
  }
});

test("parts between stars may be found at several places, and do not overlap", () => {
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

test("patterns that share a beginning are all searched, whatever one before them has tried", () => {
  const patterns = new NamePatterns(["**/x", "**/**/y", "a/**/z", "**/b/**"]);
  assert.equal(patterns.find(parseRepositoryName("a/c/z")), "a/**/z");
  assert.equal(patterns.find(parseRepositoryName("a/c/y")), "**/**/y");
  assert.equal(patterns.find(parseRepositoryName("c/b/d")), "**/b/**");
});
