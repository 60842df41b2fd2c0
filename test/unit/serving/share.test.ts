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
