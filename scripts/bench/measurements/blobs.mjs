import { fetchChecked } from "../fetch-checked.mjs";
import { atLeastTimes } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const repository = "bench";
const distinctBlobs = 16;

/** Requests for a few blobs of one size in turn. */
function blobRates({ id, title, size, target }) {
  return {
    rows: [{ id, title, unit: "requests/s", target }],
    async measure({ settings, withServer }) {
      const paths = [];
      const seed = (layout) => {
        for (let blob = 0; blob < distinctBlobs; blob++) {
          paths.push(`/v2/${repository}/blobs/${layout.putRandomBlob(repository, size).digest}`);
        }
      };
      return withServer(seed, async (server) => {
        for (const path of paths) await fetchChecked(server, path, { size });
        return { [id]: await requestRates(server, { paths, settings }) };
      });
    },
  };
}

export const blobMeasurements = [
  blobRates({ id: "blob-10kb", title: "10 kB blob", size: 10_000, target: atLeastTimes(9, "registry3") }),
  blobRates({ id: "blob-100kb", title: "100 kB blob", size: 100_000, target: atLeastTimes(6.5, "registry3") }),
];
