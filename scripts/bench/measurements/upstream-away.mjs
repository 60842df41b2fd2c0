import { setTimeout as sleep } from "node:timers/promises";
import { pullImage } from "../skopeo.mjs";
import { atMostBeyondRow, atMostTimesRow } from "../targets.mjs";

const repository = "library/bench";
const layers = 5;
const layerSize = 50_000_000;
const tagTtl = "1s";
const untilStaleMs = 1_200;
/** Berth's `staleDeadline`, for which one request waits before it is known that nothing answers. */
const deadlineSeconds = 2;
const limitSeconds = 20;

/** A stored image, pulled when its tag is stale and the upstream does not respond. */
const upstreamAway = {
  rows: [
    { id: "away-warm-pull", title: "250 MB image stored, pull with the upstream up", unit: "s" },
    {
      id: "away-first-pull",
      title: "the same, upstream blackholed, first pull",
      unit: "s",
      target: atMostBeyondRow(deadlineSeconds, "away-warm-pull", 1.2),
    },
    {
      id: "away-next-pull",
      title: "the same, upstream blackholed, next pulls",
      unit: "s",
      target: atMostTimesRow(1.2, "away-warm-pull"),
    },
  ],
  measure({ settings, folder, withUpstream, withCache }) {
    return withUpstream(seedImage, (upstream) =>
      withCache({ url: upstream.url, tagTtl }, async (server) => {
        await pullImage(server, { folder });
        const warm = await pullStale(server, folder, settings.runs);
        upstream.vanish();
        const first = await pullStale(server, folder, 1);
        const next = first.length === 0 ? [] : await pullStale(server, folder, settings.runs);
        return { "away-warm-pull": warm, "away-first-pull": first, "away-next-pull": next };
      }),
    );
  },
};

/** Seconds of each pull, until one does not end. */
async function pullStale(server, folder, count) {
  const seconds = [];
  try {
    for (let pull = 0; pull < count; pull++) {
      await sleep(untilStaleMs);
      seconds.push(await pullImage(server, { folder, limitSeconds }));
    }
  } catch (error) {
    if (!error.killed) throw error;
    process.stderr.write(` (a pull did not end within ${limitSeconds} s)`);
  }
  return seconds;
}

function seedImage(layout) {
  const stored = Array.from({ length: layers }, () => layout.putRandomBlob(repository, layerSize));
  layout.putImage(repository, ["latest"], stored);
}

export const upstreamAwayMeasurements = [upstreamAway];
