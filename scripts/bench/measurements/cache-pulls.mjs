import { pullImage } from "../skopeo.mjs";
import { atMost, atMostTimes, atMostTimesRow } from "../targets.mjs";

const repository = "library/bench";
const layers = 5;
const layerSize = 50_000_000;
const lineBytesPerSecond = 50_000_000;

/** A fresh cache each time, and two consecutive pulls of an image. */
const cachePull = {
  rows: [
    { id: "cold-pull", title: "cold pull of a 250 MB image", unit: "s", target: atMostTimes(1, "registry3") },
    {
      id: "cold-pull-cpu",
      title: "cold pull of a 250 MB image",
      unit: "CPU s",
      target: atMostTimes(1.2, "registry3"),
    },
    { id: "cold-pull-requests", title: "cold pull of a 250 MB image", unit: "requests" },
    { id: "warm-pull", title: "warm pull", unit: "s", target: atMostTimes(1, "registry3") },
    { id: "warm-pull-requests", title: "warm pull: to the upstream", unit: "requests", target: atMost(0) },
  ],
  measure({ settings, folder, withUpstream, withCache }) {
    const values = { "cold-pull": [], "cold-pull-cpu": [], "cold-pull-requests": [] };
    const warmValues = { "warm-pull": [], "warm-pull-requests": [] };
    return withUpstream(seedImage, async (upstream) => {
      for (let run = 0; run < settings.runs; run++) {
        await withCache(upstream, async (server) => {
          await upstream.takeCounts();
          const cpuBefore = server.tree.cpuSeconds();
          values["cold-pull"].push(await pullImage(server, { folder }));
          values["cold-pull-cpu"].push(server.tree.cpuSeconds() - cpuBefore);
          values["cold-pull-requests"].push((await upstream.takeCounts()).requests);
          warmValues["warm-pull"].push(await pullImage(server, { folder }));
          warmValues["warm-pull-requests"].push((await upstream.takeCounts()).requests);
        });
      }
      return { ...values, ...warmValues };
    });
  },
};

/** With a limited upstream, whose speed is the same each time: one run is enough. */
const limitedPull = {
  rows: [
    { id: "line-pull-straight", title: "250 MB at 50 MB/s, straight from the upstream", unit: "s" },
    {
      id: "line-pull",
      title: "250 MB at 50 MB/s, through the cold cache",
      unit: "s",
      target: atMostTimesRow(1.05, "line-pull-straight"),
    },
  ],
  measure: ({ folder, withUpstream, withCache }) =>
    withUpstream(seedImage, async (upstream) => {
      await upstream.limitTo(lineBytesPerSecond);
      return {
        "line-pull-straight": [await pullImage(upstream, { folder })],
        "line-pull": [await withCache(upstream, (server) => pullImage(server, { folder }))],
      };
    }),
};

function seedImage(layout) {
  const stored = Array.from({ length: layers }, () => layout.putRandomBlob(repository, layerSize));
  layout.putImage(repository, ["latest"], stored);
}

export const cachePullMeasurements = [cachePull, limitedPull];
