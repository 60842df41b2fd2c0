import { setTimeout as sleep } from "node:timers/promises";
import { runClient } from "../client.mjs";
import { atMost, atMostTimesRow } from "../targets.mjs";

const repository = "bench";
const settleMs = 1_000;
const transfersOfEachKind = 200;

/** Memory before, at the worst moment of and after many downloads and uploads at once. */
function transferMemory({ idleRow, peakRow, afterRow, downloadSize, uploadSize, isLong = false }) {
  return {
    rows: [idleRow, peakRow, afterRow].filter(Boolean),
    isLong,
    measure: ({ withServer }) => {
      let blob;
      const seed = (layout) => {
        blob = layout.putRandomBlob(repository, downloadSize);
      };
      return withServer(seed, async (server) => {
        await sleep(settleMs);
        const idle = server.tree.residentBytes();
        await runClient("transfers", {
          port: server.port,
          downloads: { count: transfersOfEachKind, size: blob.size, path: `/v2/${repository}/blobs/${blob.digest}` },
          uploads: { count: transfersOfEachKind, size: uploadSize, repository },
        });
        const peak = server.tree.peakResidentBytes();
        await sleep(settleMs);
        const after = server.tree.residentBytes();
        const found = [
          [idleRow, idle],
          [peakRow, peak],
          [afterRow, after],
        ];
        return Object.fromEntries(found.filter(([row]) => row).map(([row, bytes]) => [row.id, [megabytes(bytes)]]));
      });
    },
  };
}

function megabytes(bytes) {
  return bytes / 1e6;
}

export const memoryMeasurements = [
  transferMemory({
    idleRow: { id: "memory-idle", title: "resident memory, idle", unit: "MB", target: atMost(60) },
    peakRow: {
      id: "memory-peak",
      title: "resident memory, 200 x 200 MB down, 200 x 20 MB up",
      unit: "MB",
      target: atMost(300),
    },
    afterRow: { id: "memory-after", title: "resident memory, afterwards", unit: "MB", target: atMost(120) },
    downloadSize: 200_000_000,
    uploadSize: 20_000_000,
  }),
  transferMemory({
    peakRow: {
      id: "memory-peak-large",
      title: "resident memory, 200 x 400 MB down, 200 x 40 MB up",
      unit: "MB",
      target: atMostTimesRow(1.1, "memory-peak"),
    },
    downloadSize: 400_000_000,
    uploadSize: 40_000_000,
    isLong: true,
  }),
];
