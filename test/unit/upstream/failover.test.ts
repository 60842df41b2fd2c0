import { strict as assert } from "node:assert";
import { test } from "node:test";
import { backoffMs } from "../../../src/upstream/failover.js";

test("each pause is twice the previous one, up to a limit", () => {
  const pauses = [1, 2, 3, 10, 100].map((attempt) => backoffMs(attempt, 200, 1));
  assert.deepEqual(pauses, [200, 400, 800, 5_000, 5_000]);
});

test("half of a pause is random", () => {
  assert.equal(backoffMs(1, 200, 0), 100);
  assert.equal(backoffMs(1, 200, 0.5), 150);
});
