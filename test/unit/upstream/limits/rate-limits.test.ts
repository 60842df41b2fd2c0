import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRetryAfter } from "../../../../src/upstream/limits/rate-limits.js";

const now = Date.UTC(2026, 10, 24, 12, 0, 0);
const max = 3_600_000;

for (const [value, expected] of [
  ["0", 0],
  ["120", 120_000],
  [" 5 ", 5_000],
  ["99999999999999999999", max],
  ["Tue, 24 Nov 2026 12:00:30 GMT", 30_000],
  ["Tuesday, 24-Nov-26 12:00:30 GMT", 30_000],
  ["Tue Nov 24 12:00:30 2026 GMT", 30_000],
  ["Tue, 24 Nov 2026 11:00:00 GMT", 0],
  ["Tue, 24 Nov 2099 12:00:00 GMT", max],
  ["-1", undefined],
  ["1.5", undefined],
  ["1e9", undefined],
  ["0x10", undefined],
  ["tomorrow", undefined],
  ["", undefined],
  [undefined, undefined],
] as const) {
  test(`Retry-After: ${value} means ${expected} ms`, () => {
    assert.equal(parseRetryAfter(value, now, max), expected);
  });
}
