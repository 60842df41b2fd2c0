import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Metrics } from "../../../src/metrics/metrics.js";
import { textOf } from "../../../src/metrics/metrics-sum.js";
import { readMetrics } from "../../support/metered-berth.js";

const state = {
  running: () => [],
  lastCheck: async () => undefined,
  lastCollection: async () => undefined,
  verifiedReads: { whole: 0, damaged: 0 },
  answers: { requests: 0, hits: 0 },
  cache: { askSize: () => undefined, limits: {} },
  uploads: 0,
  sessions: 0,
  quotas: async () => [],
};

test("what the local cache does is counted", async () => {
  const metrics = new Metrics({ version: "0.0.0", mode: "private" });
  const use = { hit: 3, shared: 2, miss: 1, readBytes: 600, filledBytes: 100 };
  metrics.begin({ ...state, localCache: { use, copies: { size: 90, maxSize: 200, evictedBytes: 10 } } });
  const values = readMetrics(await textOf(await metrics.report()));
  const expected = {
    'berth_local_cache_requests_total{result="hit"}': 3,
    'berth_local_cache_requests_total{result="shared"}': 2,
    'berth_local_cache_requests_total{result="miss"}': 1,
    berth_local_cache_read_bytes_total: 600,
    berth_local_cache_filled_bytes_total: 100,
    berth_local_cache_evicted_bytes_total: 10,
    berth_local_cache_size_bytes: 90,
    berth_local_cache_max_size_bytes: 200,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(values.get(name), value, name);
});

test("without a local cache, there are no metrics of one", async () => {
  const metrics = new Metrics({ version: "0.0.0", mode: "private" });
  metrics.begin({ ...state, localCache: undefined });
  assert.ok(!(await textOf(await metrics.report())).includes("local_cache"));
});
