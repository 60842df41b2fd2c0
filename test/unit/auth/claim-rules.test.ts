import assert from "node:assert/strict";
import test from "node:test";
import { fillIn, fits, satisfies } from "../../../src/auth/issuers/claim-rules.js";

test("a star matches any characters; otherwise a claim must match literally", () => {
  for (const [text, pattern, expected] of [
    ["refs/heads/main", "refs/heads/*", true],
    ["refs/heads/main", "refs/*/main", true],
    ["refs/tags/v1", "refs/heads/*", false],
    ["main", "main", true],
    ["main2", "main", false],
    ["", "*", true],
    ["abc", "a*b*c", true],
    ["ab", "a*b*c", false],
  ] as const) {
    assert.equal(fits(text, pattern), expected, `${text} ${pattern}`);
  }
});

test("no number of stars makes a long claim cost more than its length times the pattern's", () => {
  // With a step back to each star this would take longer than there is time.
  assert.equal(fits("a".repeat(20_000), `${"*a".repeat(50)}*b`), false);
  assert.equal(fits(`${"a".repeat(20_000)}b`, `${"*a".repeat(50)}*b`), true);
});

test("all claims must match, a missing one never does, and a list matches by any of its values", () => {
  const claims = {
    ref: "refs/heads/main",
    protected: "true",
    groups: ["dev", "ops"],
    "kubernetes.io": { namespace: "ci" },
  };
  const rules = (entries: Record<string, string[]>) => new Map(Object.entries(entries));
  assert.equal(satisfies(claims, rules({ ref: ["refs/heads/*"], protected: ["true"] })), true);
  assert.equal(satisfies(claims, rules({ ref: ["refs/heads/*"], environment: ["*"] })), false);
  assert.equal(satisfies(claims, rules({ groups: ["ops"] })), true);
  assert.equal(satisfies(claims, rules({ "kubernetes.io/namespace": ["ci"] })), true);
  assert.equal(satisfies(claims, rules({ constructor: ["*"], toString: ["*"] })), false);
});

test("a user name is built from claims, and fails if one is missing", () => {
  assert.equal(fillIn("$" + "{owner}-$" + "{id}", { owner: "ann", id: 7 }), "ann-7");
  assert.equal(fillIn("$" + "{owner}-$" + "{id}", { owner: "ann" }), undefined);
});
