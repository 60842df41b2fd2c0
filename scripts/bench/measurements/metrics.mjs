import { cpuInTurns } from "../cpu-in-turns.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atMost } from "../targets.mjs";

const repository = "bench";
const headers = { Accept: acceptedManifests };

const turns = 20;

const seen = {
  metrics: { address: "127.0.0.1:0" },
  events: { endpoints: [{ name: "bench", url: "http://127.0.0.1:9/" }] },
};

/**
 * What metrics and events cost the cheapest answer there is: two servers that differ only in them are measured in turns.
 */
const metricsCost = {
  rows: [
    { id: "metrics-cost", title: "manifest by tag: CPU time of metrics and events", unit: "%", target: atMost(2) },
  ],
  measure(bench) {
    if (!bench.peerId.startsWith("berth")) return {};
    return withImage(bench, {}, (plain, path) =>
      withImage(bench, seen, async (measured) => {
        const loads = [plain, measured].map((server) => ({ server, path, headers }));
        const [without, withMetrics] = await cpuInTurns(loads, { connections: bench.settings.connections, turns });
        return { "metrics-cost": [100 * (withMetrics / without - 1)] };
      }),
    );
  },
};

function withImage({ withServer }, sections, work) {
  let manifest;
  return withServer(
    (layout) => {
      manifest = layout.putImage(repository, ["latest"]);
    },
    async (server) => {
      const path = `/v2/${repository}/manifests/latest`;
      await fetchChecked(server, path, { headers, size: manifest.size });
      return work(server, path);
    },
    sections,
  );
}

export const metricsMeasurements = [metricsCost];
