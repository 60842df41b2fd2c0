import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseQuota } from "../../../../src/upstream/limits/quota.js";

test("Docker Hub's headers are parsed", () => {
  const headers = {
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "20;w=21600",
    "docker-ratelimit-source": "192.0.2.1",
  };
  assert.deepEqual(parseQuota(headers, 5), {
    limit: 100,
    remaining: 20,
    windowSeconds: 21_600,
    source: "192.0.2.1",
    at: 5,
  });
});

test("window and source may be missing", () => {
  const quota = parseQuota({ "ratelimit-limit": "100", "ratelimit-remaining": "0" }, 5);
  assert.deepEqual(quota, { limit: 100, remaining: 0, windowSeconds: undefined, source: undefined, at: 5 });
});

for (const [limit, remaining] of [
  [undefined, "20"],
  ["100", undefined],
  ["many", "20"],
  ["-1", "20"],
  ["100;w=x", "20"],
  ["1e9", "20"],
  ["9".repeat(400), "20"],
] as const) {
  test(`limit ${String(limit).slice(0, 10)} and remaining ${remaining} tell no quota`, () => {
    const headers = {
      ...(limit !== undefined && { "ratelimit-limit": limit }),
      ...(remaining !== undefined && { "ratelimit-remaining": remaining }),
    };
    assert.equal(parseQuota(headers, 0), undefined);
  });
}
