import { strict as assert } from "node:assert";
import { test } from "node:test";
import { shareOf } from "../../../src/serving/workers/share.js";
import { configWith } from "../../support/config.js";

test("the shares of all workers add up to the whole, and each has some", () => {
  const config = configWith({
    server: { workers: 3, maxConnections: 10 },
    private: { uploads: { maxConcurrent: 3, maxOpen: 7, maxOpenPerClient: 6 } },
    proxy: { upstreams: [{ name: "docker.io", url: "https://registry-1.docker.io", maxConcurrent: 32 }] },
  });
  const shares = [1, 2, 3].map((worker) => shareOf(config, worker));
  assert.deepEqual(
    shares.map(({ server }) => server.maxConnections),
    [4, 3, 3],
  );
  assert.deepEqual(
    shares.map(({ proxy }) => proxy.upstreams[0]?.maxConcurrent),
    [11, 11, 10],
  );
  assert.deepEqual(
    shares.map((share) => share.private.uploads.maxConcurrent),
    [1, 1, 1],
  );
  assert.deepEqual(
    shares.map(({ private: { uploads } }) => [uploads.maxOpen, uploads.maxOpenPerClient]),
    [
      [3, 2],
      [2, 2],
      [2, 2],
    ],
  );
  const cache = shares.reduce((sum, { storage }) => sum + storage.cache, 0);
  assert.equal(cache, config.storage.cache);
});

test("each worker answers other replicas on a port of its own, and says so", () => {
  const keyFile = "/key";
  for (const [cluster, expected] of [
    [
      { listen: ":5100", advertise: "10.0.0.5" },
      { listen: "[::]:5102", advertise: "10.0.0.5" },
    ],
    [
      { listen: "[fd00::1]:5100", advertise: "berth-0:6000" },
      { listen: "[fd00::1]:5102", advertise: "berth-0:6002" },
    ],
  ] as const) {
    const config = configWith({ server: { workers: 3 }, cluster: { ...cluster, keyFile } });
    assert.deepEqual(shareOf(config, 3).cluster, { ...expected, keyFile });
  }
});
