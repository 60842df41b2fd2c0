import { runClient } from "../client.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { allOf, atMost, atMostTimesRow } from "../targets.mjs";

const repository = "library/bench";
const clients = 50;
const slow = { count: clients / 2, bytesPerSecond: 20_000_000 };
/** By then the peak is known, whether or not all have the blob. */
const limitSeconds = 20;
/** A blob four times as large needs no more memory; equal runs differ by this much, depending on garbage collection. */
const growth = 1.25;

/** Peak memory while many clients read an arriving blob, half of them much more slowly than it arrives. */
function herdMemory({ row, size }) {
  return {
    rows: [row],
    measure({ withUpstream, withCache }) {
      let blob;
      const seed = (layout) => {
        blob = layout.putRandomBlob(repository, size);
        layout.putImage(repository, ["latest"], [blob]);
      };
      return withUpstream(seed, (upstream) =>
        withCache(upstream, async (server) => {
          await fetchChecked(server, `/v2/${repository}/manifests/latest`, { headers: { Accept: acceptedManifests } });
          await runClient("herd", {
            ...{ port: server.port, path: `/v2/${repository}/blobs/${blob.digest}` },
            ...{ file: upstream.blobFile(blob.digest), fast: clients - slow.count, slow, limitSeconds },
          });
          return { [row.id]: [server.tree.peakResidentBytes() / 1e6] };
        }),
      );
    },
  };
}

export const herdMemoryMeasurements = [
  herdMemory({
    row: {
      id: "herd-memory-256mib",
      title: "resident memory, 50 clients, half slow, cold 256 MiB",
      unit: "MB",
      target: atMost(250),
    },
    size: 256 * 1024 * 1024,
  }),
  herdMemory({
    row: {
      id: "herd-memory-1gib",
      title: "resident memory, 50 clients, half slow, cold 1 GiB",
      unit: "MB",
      target: allOf(atMost(250), atMostTimesRow(growth, "herd-memory-256mib")),
    },
    size: 1024 * 1024 * 1024,
  }),
];
