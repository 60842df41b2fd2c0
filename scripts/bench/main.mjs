// The benchmark: npm run bench -- --help
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measurements } from "./measurements.mjs";
import { helpText, parseOptions } from "./options.mjs";
import { locatePeers } from "./peers.mjs";
import { projectRoot } from "./project-root.mjs";
import { createReport, formatReport } from "./report.mjs";
import { withServer } from "./server.mjs";
import { checkMachine } from "./tools.mjs";
import { withUpstream } from "./upstream.mjs";

try {
  const options = parseOptions(process.argv.slice(2), measurements);
  if (options.help) console.log(helpText(measurements));
  else process.exitCode = await run(options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function run(options) {
  const peers = locatePeers(options.peers);
  const folder = createFolder(options.folder);
  await checkMachine(folder);
  const { results, failures } = await measureAll(options, peers, folder);
  const report = createReport({ measurements: options.measurements, peers, settings: options.settings, results });
  console.log(formatReport(report));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return failures === 0 ? 0 : 1;
}

/** Measures all peers on one row before the next row, so that a machine that slows down affects all of them. */
async function measureAll(options, peers, folder) {
  const results = new Map();
  let failures = 0;
  for (const measurement of options.measurements) {
    for (const peer of peers) {
      const names = measurement.rows.map((row) => row.id).join(", ");
      process.stderr.write(`${names}: ${peer.title} ...`);
      const values = await measure(measurement, peer, folder, options).catch((error) => {
        failures++;
        process.stderr.write(` failed: ${error.message}`);
        return {};
      });
      process.stderr.write(` ${describe(values)}\n`);
      for (const [rowId, runs] of Object.entries(values)) results.set(`${rowId} ${peer.id}`, runs);
    }
  }
  return { results, failures };
}

function measure(measurement, peer, folder, { settings, cpuProf }) {
  return measurement.measure({
    settings,
    folder,
    peerId: peer.id,
    withServer: (seed, work, sections) => withServer({ peer, folder, seed, cpuProf, sections }, work),
    withUpstream: (seed, work) => withUpstream({ folder, seed }, work),
    withCache: (cacheOf, work) => withServer({ peer, folder, seed: () => {}, cpuProf, cacheOf }, work),
  });
}

function describe(values) {
  return Object.values(values)
    .map((runs) => runs.map((value) => Number(value.toPrecision(4))).join(" "))
    .join("; ");
}

/** Inside the project by default: on many machines, /tmp is in memory, where fsync costs nothing. */
function createFolder(parent = join(projectRoot, ".build")) {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  return folder;
}
