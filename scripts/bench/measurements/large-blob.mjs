import { downloadAtOnce } from "../curl.mjs";
import { atLeastTimes, atMostTimes } from "../targets.mjs";

const repository = "bench";
const size = 200_000_000;
const clients = 4;
const times = 4;
const gigabytes = (size * clients * times) / 1e9;

const largeBlob = {
  rows: [
    {
      id: "blob-200mb",
      title: `200 MB blob, ${clients} clients`,
      unit: "GB/s",
      target: atLeastTimes(1.5, "registry3"),
    },
    {
      id: "blob-200mb-cpu",
      title: `200 MB blob, ${clients} clients`,
      unit: "CPU s/GB",
      target: atMostTimes(0.6, "registry3"),
    },
  ],
  async measure({ settings, withServer }) {
    let blob;
    const seed = (layout) => {
      blob = layout.putRandomBlob(repository, size);
    };
    return withServer(seed, async (server) => {
      const url = `${server.url}/v2/${repository}/blobs/${blob.digest}`;
      const values = { "blob-200mb": [], "blob-200mb-cpu": [] };
      await downloadAtOnce(url, { clients, times: 1, size });
      for (let run = 0; run < settings.runs; run++) {
        const cpuBefore = server.tree.cpuSeconds();
        const seconds = await downloadAtOnce(url, { clients, times, size });
        values["blob-200mb"].push(gigabytes / seconds);
        values["blob-200mb-cpu"].push((server.tree.cpuSeconds() - cpuBefore) / gigabytes);
      }
      return values;
    });
  },
};

export const largeBlobMeasurements = [largeBlob];
