import { runClient } from "../client.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atLeastTimes } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const repository = "bench";
const headers = { Accept: acceptedManifests };

const ping = {
  rows: [{ id: "ping", title: "GET /v2/", unit: "requests/s", target: atLeastTimes(1.9, "registry3") }],
  measure: ({ settings, withServer }) =>
    withServer(
      () => {},
      async (server) => ({ ping: await requestRates(server, { paths: ["/v2/"], settings }) }),
    ),
};

/** Requests for the only manifest of a new repository, by the reference that `referenceOf` returns. */
function manifestRates({ id, title, referenceOf }) {
  return {
    rows: [{ id, title, unit: "requests/s", target: atLeastTimes(3.5, "registry3") }],
    measure: (bench) =>
      withImage(bench, async (server, manifest) => {
        const path = `/v2/${repository}/manifests/${referenceOf(manifest)}`;
        await fetchChecked(server, path, { headers, size: manifest.size });
        return { [id]: await requestRates(server, { paths: [path], headers, settings: bench.settings }) };
      }),
  };
}

const manifestHead = {
  rows: [{ id: "manifest-head", title: "HEAD manifest by tag", unit: "requests/s" }],
  measure: (bench) =>
    withImage(bench, async ({ port }) => {
      const { connections: loops, ...settings } = bench.settings;
      const path = `/v2/${repository}/manifests/latest`;
      const { rates } = await runClient("head", { ...settings, loops, port, path, accept: headers.Accept });
      return { "manifest-head": rates };
    }),
};

function withImage({ withServer }, work) {
  let manifest;
  return withServer(
    (layout) => {
      manifest = layout.putImage(repository, ["latest"]);
    },
    (server) => work(server, manifest),
  );
}

export const manifestMeasurements = [
  ping,
  manifestRates({ id: "manifest-by-tag", title: "manifest by tag", referenceOf: () => "latest" }),
  manifestRates({ id: "manifest-by-digest", title: "manifest by digest", referenceOf: ({ digest }) => digest }),
  manifestHead,
];
