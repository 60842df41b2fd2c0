import { strict as assert } from "node:assert";
import { test } from "node:test";
import { plainText } from "../../../src/upstream/answer-headers.js";

test("unprintable characters become spaces", () => {
  assert.equal(plainText("a\r\nb\u001b[31mc\u010ad\u0000", 100), "a b [31mc d");
});

test("long text is truncated visibly", () => {
  assert.equal(plainText("x".repeat(100), 10), "xxxxxxx...");
  assert.equal(plainText("x".repeat(10), 10), "x".repeat(10));
});
