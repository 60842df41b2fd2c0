import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { atLeastTimes, atMostTimes } from "../targets.mjs";
import { findProgram } from "../tools.mjs";

const repository = "bench";
const size = 200_000_000;
const clients = 4;
const downloadsOfEach = 4;
const gigabytes = (size * clients * downloadsOfEach) / 1e9;

/** With curl, the cheapest client of those tried: what it leaves of the machine is the server's. */
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
      await downloadAtOnce(url, 1);
      for (let run = 0; run < settings.runs; run++) {
        const cpuBefore = server.tree.cpuSeconds();
        const seconds = await downloadAtOnce(url, downloadsOfEach);
        values["blob-200mb"].push(gigabytes / seconds);
        values["blob-200mb-cpu"].push((server.tree.cpuSeconds() - cpuBefore) / gigabytes);
      }
      return values;
    });
  },
};

async function downloadAtOnce(url, times) {
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, () => download(url, times)));
  return (performance.now() - started) / 1000;
}

/** One process, one connection, one download after the other. */
async function download(url, times) {
  const targets = Array.from({ length: times }, () => ["-o", "/dev/null", url]).flat();
  const { stdout } = await promisify(execFile)(findProgram("curl"), [
    ...["--silent", "--show-error", "--fail", "--write-out", "%{size_download}\n"],
    ...targets,
  ]);
  const isWhole = stdout
    .trim()
    .split("\n")
    .every((line) => Number(line) === size);
  if (!isWhole) throw new Error(`a download was not whole: ${stdout}`);
}

export const largeBlobMeasurements = [largeBlob];
