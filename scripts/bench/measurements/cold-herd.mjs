import { runClient } from "../client.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atMost, atMostTimes } from "../targets.mjs";

const repository = "library/bench";
const size = 200_000_000;
const limitSeconds = 120;

/** Clients that request a blob at the same time that is not cached yet. A fresh server each time. */
function coldHerd(count) {
  const id = `herd-${count}`;
  const title = `${count} clients, one cold 200 MB blob`;
  return {
    rows: [
      { id: `${id}-bytes`, title: `${title}: from upstream`, unit: "x its size", target: atMost(1) },
      { id: `${id}-gets`, title: `${title}: from upstream`, unit: "GETs", target: atMost(1) },
      { id: `${id}-first-byte`, title: `${title}: first byte, median`, unit: "s", target: atMost(0.1) },
      { id: `${id}-slowest-first-byte`, title: `${title}: first byte, slowest`, unit: "s", target: atMost(0.25) },
      { id: `${id}-wall`, title: `${title}: all have it`, unit: "s", target: atMostTimes(0.7, "registry3") },
      { id: `${id}-cpu`, title: `${title}: all have it`, unit: "CPU s" },
    ],
    async measure({ settings, withUpstream, withCache }) {
      const values = {};
      let blob;
      const seed = (layout) => {
        blob = layout.putRandomBlob(repository, size);
        layout.putImage(repository, ["latest"], [blob]);
      };
      await withUpstream(seed, async (upstream) => {
        for (let run = 0; run < settings.runs; run++) {
          const measured = await withCache(upstream, (server) => measureHerd({ count, server, upstream, blob }));
          for (const [name, value] of Object.entries(measured)) {
            values[`${id}-${name}`] = [...(values[`${id}-${name}`] ?? []), value];
          }
        }
      });
      return values;
    },
  };
}

async function measureHerd({ count, server, upstream, blob }) {
  // As clients do: the manifest gives the blob's size.
  await fetchChecked(server, `/v2/${repository}/manifests/latest`, { headers: { Accept: acceptedManifests } });
  await upstream.takeCounts();
  const cpuBefore = server.tree.cpuSeconds();
  const { firstBytes, seconds } = await runClient("herd", {
    ...{ port: server.port, path: `/v2/${repository}/blobs/${blob.digest}`, file: upstream.blobFile(blob.digest) },
    ...{ fast: count, slow: { count: 0 }, limitSeconds },
  });
  if (firstBytes === undefined) throw new Error(`not all had the blob within ${limitSeconds} s`);
  const cpu = server.tree.cpuSeconds() - cpuBefore;
  const { blobBytes, blobGets } = await upstream.takeCounts();
  const sorted = firstBytes.sort((one, other) => one - other);
  return {
    bytes: blobBytes / size,
    gets: blobGets,
    "first-byte": sorted[Math.floor(count / 2)],
    "slowest-first-byte": sorted[count - 1],
    wall: seconds,
    cpu,
  };
}

export const coldHerdMeasurements = [coldHerd(10), coldHerd(50)];
