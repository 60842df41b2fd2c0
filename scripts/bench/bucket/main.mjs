// The benchmark of Berth and registry 3 on one MinIO: npm run bench:bucket -- --help
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../project-root.mjs";
import { createReport, formatReport } from "../report.mjs";
import { withServer } from "../server.mjs";
import { peersOn } from "./peers.mjs";
import { bucketMeasurements } from "./rows.mjs";
import { Store } from "./store.mjs";

const ids = bucketMeasurements.flatMap(({ rows }) => rows.map(({ id }) => id));
const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    full: { type: "boolean", default: false },
    runs: { type: "string", default: "3" },
    peers: { type: "string", default: "berth,registry3" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`npm run bench:bucket -- [--only ROW[,ROW]] [--full] [--runs N] [--peers berth,registry3]
Rows: ${ids.join(", ")}; the last ones only with --full or when asked for by name`);
} else {
  const folder = createFolder();
  const store = await Store.start(folder);
  try {
    console.log(await measureAll(folder, store));
  } finally {
    await store.stop();
    process.exit();
  }
}

async function measureAll(folder, store) {
  const settings = { warmup: 1, seconds: 2, runs: Number(options.runs), connections: 16 };
  const peerIds = options.peers.split(",");
  const chosen = bucketMeasurements.filter(isWanted);
  const results = new Map();
  for (const measurement of chosen) {
    for (const id of peerIds) {
      const values = await measurement.measure({ settings, folder, store, peer: id, withServer: serverOf(id, folder) });
      for (const [row, runs] of Object.entries(values)) {
        results.set(`${row} ${id}`, runs);
        process.stderr.write(`${row}: ${id} ${runs.map((value) => Number(value.toPrecision(4))).join(" ")}\n`);
      }
    }
  }
  const peers = peersOn(peerIds, {});
  return formatReport(createReport({ measurements: chosen, peers, settings, results }));
}

function isWanted({ rows, isLong = false }) {
  if (options.only === undefined) return options.full || !isLong;
  const wanted = options.only.split(",");
  return rows.some(({ id }) => wanted.includes(id));
}

/** Runs work against a server on a bucket. */
function serverOf(id, folder) {
  return (bucket, work) => {
    const [peer] = peersOn([id], bucket);
    return withServer({ peer, folder, seed: () => {} }, work);
  };
}

/** Inside the project: on many machines, /tmp is in memory. */
function createFolder() {
  const parent = join(projectRoot, ".build");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  return folder;
}
