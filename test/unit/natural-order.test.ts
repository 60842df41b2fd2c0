import { strict as assert } from "node:assert";
import { test } from "node:test";
import { inNaturalOrder } from "../../src/foundation/natural-order.js";

test("versions are ordered by their numbers, a pre-release before its release, and words apart", async () => {
  const versions = ["0.9", "1-alpine", "1", "1.0.0-rc1", "1.0.0-rc10", "1.0.0", "1.0.1", "v1.2", "1.9", "1.10", "10"];
  const words = ["edge", "nightly-2", "nightly-10"];
  const shuffled = [...words, ...versions].toSorted();
  assert.deepEqual(await inNaturalOrder(shuffled), { versions, words });
});

test("a number of a hundred digits, and equal numbers written in two ways, have their place", async () => {
  const long = "9".repeat(100);
  const { versions } = await inNaturalOrder([long, "01", "1", "2", `1${"0".repeat(100)}`]);
  assert.deepEqual(versions, ["01", "1", "2", long, `1${"0".repeat(100)}`]);
});
