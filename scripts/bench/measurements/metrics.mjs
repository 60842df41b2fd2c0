import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atMost } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const repository = "bench";
const headers = { Accept: acceptedManifests };

/** Short turns, so that other load on the machine affects both servers alike. */
const turns = 20;
const turn = { warmup: 0, seconds: 1, runs: 1 };

/**
 * The cost of metrics for the cheapest answer there is: two servers that differ only in metrics are measured in turns. The
 * CPU time of a request is compared, since it varies less than the rate that follows from it.
 */
const metricsCost = {
  rows: [{ id: "metrics-cost", title: "manifest by tag: CPU time of metrics", unit: "%", target: atMost(2) }],
  measure(bench) {
    if (!bench.peerId.startsWith("berth")) return {};
    return withImage(bench, {}, (plain, path) =>
      withImage(bench, { metrics: { address: "127.0.0.1:0" } }, async (measured) => {
        const settings = { ...turn, connections: bench.settings.connections };
        for (const server of [plain, measured]) await cpuOf(server, path, settings);
        const used = { plain: nothing, measured: nothing };
        for (let count = 0; count < turns; count++) {
          used.plain = sum(used.plain, await cpuOf(plain, path, settings));
          used.measured = sum(used.measured, await cpuOf(measured, path, settings));
        }
        return { "metrics-cost": [100 * (perRequest(used.measured) / perRequest(used.plain) - 1)] };
      }),
    );
  },
};

const nothing = { seconds: 0, requests: 0 };

async function cpuOf(server, path, settings) {
  const before = server.tree.cpuSeconds();
  const [rate] = await requestRates(server, { paths: [path], headers, settings });
  return { seconds: server.tree.cpuSeconds() - before, requests: rate * settings.seconds };
}

function sum(one, other) {
  return { seconds: one.seconds + other.seconds, requests: one.requests + other.requests };
}

function perRequest({ seconds, requests }) {
  return seconds / requests;
}

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
