import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type ActivityReport, combined } from "../../../src/api/activity/activity-report.js";
import type { UpstreamState } from "../../../src/api/activity/upstream-states.js";

type Download = ActivityReport["downloads"][number];

const never: UpstreamState = {
  condition: "unknown",
  answeredMs: undefined,
  failedMs: undefined,
  failure: undefined,
  quota: undefined,
  countsPulls: false,
};

function reportWith(hub: Partial<UpstreamState>, rest: Partial<ActivityReport> = {}): ActivityReport {
  return { downloads: [], today: [], upstreams: { hub: { ...never, ...hub } }, uploads: 0, ...rest };
}

test("an upstream is as the last answer to any process says", () => {
  const down = { condition: "down", failedMs: 20, failure: "no answer", answeredMs: 5 } as const;
  const up = { condition: "up", answeredMs: 10 } as const;
  const later = { condition: "up", answeredMs: 30 } as const;
  const hub = (...reports: ActivityReport[]) => combined(reports).upstreams.hub;
  assert.equal(hub(reportWith(down), reportWith(up))?.condition, "down");
  assert.equal(hub(reportWith(up), reportWith(down))?.condition, "down");
  assert.deepEqual(hub(reportWith(down), reportWith(later), reportWith({})), {
    ...never,
    condition: "up",
    answeredMs: 30,
    failedMs: 20,
    failure: "no answer",
  });
});

test("of two quotas, the one that was told last counts", () => {
  const quota = (remaining: number, at: number) => ({ quota: { limit: 100, remaining, at } as UpstreamState["quota"] });
  const { upstreams } = combined([reportWith(quota(90, 1)), reportWith(quota(40, 3)), reportWith(quota(70, 2))]);
  assert.equal(upstreams.hub?.quota?.remaining, 40);
});

test("downloads and uploads of all processes are there, and the cache has its size once", () => {
  const download = (startedMs: number) => ({ startedMs, digest: `${startedMs}` }) as unknown as Download;
  const all = combined([
    reportWith({}, { downloads: [download(3)], uploads: 2, cacheSize: 500 }),
    reportWith({}, { downloads: [download(1), download(2)], uploads: 1, cacheSize: 450 }),
  ]);
  assert.deepEqual(
    all.downloads.map(({ startedMs }) => startedMs),
    [1, 2, 3],
  );
  assert.deepEqual([all.uploads, all.cacheSize], [3, 500]);
});

test("a download that another process reads along is one, with the clients of both", () => {
  const download = { repository: "app", upstream: "hub", digest: "sha256:1", received: 30, size: 100, clients: 2 };
  const [one, two] = [
    { ...download, bytesPerSecond: 5, startedMs: 10 },
    { ...download, received: 28, size: undefined, clients: 3, bytesPerSecond: 0, startedMs: 12 },
  ] as unknown as Download[];
  const { downloads } = combined([one, two].map((each) => reportWith({}, { downloads: each ? [each] : [] })));
  assert.deepEqual(downloads, [{ ...one, clients: 5 }]);
});
