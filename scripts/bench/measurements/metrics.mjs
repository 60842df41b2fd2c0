import { cpuInTurns } from "../cpu-in-turns.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atMost } from "../targets.mjs";

const repository = "bench";
const headers = { Accept: acceptedManifests };

const turns = 20;

/**
 * The cost of metrics for the cheapest answer there is: two servers that differ only in metrics are measured in turns.
 */
const metricsCost = {
  rows: [{ id: "metrics-cost", title: "manifest by tag: CPU time of metrics", unit: "%", target: atMost(2) }],
  measure(bench) {
    if (!bench.peerId.startsWith("berth")) return {};
    return withImage(bench, {}, (plain, path) =>
      withImage(bench, { metrics: { address: "127.0.0.1:0" } }, async (measured) => {
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
