import { runClient } from "../client.mjs";
import { atMostBeyondRow } from "../targets.mjs";

const repository = "library/bench";
const blobs = 40;
const warmupBlobs = 10;
const size = 1_000_000;

/** Blobs one after another, each requested for the first time. */
const coldFirstByte = {
  rows: [
    { id: "first-byte-straight", title: "first byte of a 1 MB blob, straight from the upstream", unit: "ms" },
    {
      id: "first-byte-cold",
      title: "first byte of a cold 1 MB blob, through the cache",
      unit: "ms",
      target: atMostBeyondRow(10, "first-byte-straight"),
    },
  ],
  measure({ withUpstream, withCache }) {
    const paths = [];
    const seed = (layout) => {
      const layers = Array.from({ length: blobs + warmupBlobs }, () => layout.putRandomBlob(repository, size));
      layout.putImage(repository, ["latest"], layers);
      paths.push(...layers.map(({ digest }) => `/v2/${repository}/blobs/${digest}`));
    };
    return withUpstream(seed, async (upstream) => {
      const ask = async ({ port }) => {
        const milliseconds = await runClient("first-bytes", { port, paths, size });
        const sorted = milliseconds.slice(warmupBlobs).sort((one, other) => one - other);
        return [sorted[blobs / 2]];
      };
      return { "first-byte-straight": await ask(upstream), "first-byte-cold": await withCache(upstream, ask) };
    });
  },
};

export const coldFirstByteMeasurements = [coldFirstByte];
