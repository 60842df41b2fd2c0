import { setTimeout as sleep } from "node:timers/promises";
import { runClient } from "../client.mjs";
import { atMost, atMostTimesRow } from "../targets.mjs";

const repository = "bench";
const settleMs = 1_000;
const transfersOfEachKind = 200;

/** Memory before and at the worst moment of many downloads and uploads at once. */
function transferMemory({ idleRow, peakRow, downloadSize, uploadSize, isLong = false }) {
  return {
    rows: idleRow === undefined ? [peakRow] : [idleRow, peakRow],
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
        const peak = { [peakRow.id]: [megabytes(server.tree.peakResidentBytes())] };
        return idleRow === undefined ? peak : { [idleRow.id]: [megabytes(idle)], ...peak };
      });
    },
  };
}

function megabytes(bytes) {
  return bytes / 1e6;
}

export const memoryMeasurements = [
  transferMemory({
    idleRow: { id: "memory-idle", title: "resident memory, idle", unit: "MB" },
    peakRow: {
      id: "memory-peak",
      title: "resident memory, 200 x 200 MB down, 200 x 20 MB up",
      unit: "MB",
      target: atMost(300),
    },
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
