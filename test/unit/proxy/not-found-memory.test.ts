import { strict as assert } from "node:assert";
import { test } from "node:test";
import { NotFoundMemory } from "../../../src/proxy/not-found-memory.js";

test("missing content is remembered for a time, and with a time of 0 not at all", () => {
  const [brief, none] = [new NotFoundMemory(60_000), new NotFoundMemory(0)];
  for (const memory of [brief, none]) memory.add("alpine:absent");
  assert.equal(brief.has("alpine:absent"), true);
  assert.equal(brief.has("alpine:latest"), false);
  assert.equal(none.has("alpine:absent"), false);
});
