import assert from "node:assert/strict";
import test from "node:test";
import { lineDiff } from "../../../../src/commands/setup/line-diff.js";

test("a diff has removed and added lines, with two lines of context", () => {
  assert.deepEqual(lineDiff("a\nb\nc\nold\nd\ne\nf\n", "a\nb\nc\nnew\nd\ne\nf\n"), [
    "  b",
    "  c",
    "- old",
    "+ new",
    "  d",
    "  e",
  ]);
});

test("a diff of a new file is all of it, of a longer one what was added", () => {
  assert.deepEqual(lineDiff("", "a\nb\n"), ["+ a", "+ b"]);
  assert.deepEqual(lineDiff("a\n", "a\nb\n"), ["  a", "+ b"]);
  assert.deepEqual(lineDiff("a\na\n", "a\na\na\n"), ["  a", "  a", "+ a"]);
  assert.deepEqual(lineDiff("a\nb\n", "b\n"), ["- a", "  b"]);
});
