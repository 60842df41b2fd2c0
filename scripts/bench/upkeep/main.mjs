// The benchmark of what keeps a storage in order, on 100,000 blobs and 20,000 manifests: npm run bench:upkeep -- --help
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { locatePeers } from "../peers.mjs";
import { projectRoot } from "../project-root.mjs";
import { createReport, formatReport } from "../report.mjs";
import { checkMachine } from "../tools.mjs";
import { checks } from "./checks.mjs";
import { collections } from "./collections.mjs";
import { noting } from "./noting.mjs";
import { pulls } from "./pulls.mjs";
import { Results } from "./results.mjs";
import { makeStore } from "./store.mjs";

const steps = { collections, checks, pulls, noting };
const peerIds = ["berth", "registry3"];
const helpText = `npm run bench:upkeep -- [STEP...] [--folder FOLDER] [--turns N]

Steps, by default all of them, which takes some minutes:
${Object.entries(steps)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join("\n")}

  --folder FOLDER  where the store is made, or was made by an earlier run, and stays; the table also shows what earlier
                   runs measured there (default: a new folder in .build, which is removed)
  --turns N        how often each step measures (default: 3)`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      folder: { type: "string" },
      turns: { type: "string", default: "3" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(helpText);
  else await run(chosen(positionals), values);
} catch (error) {
  console.error(`bench:upkeep: ${error.message}`);
  process.exitCode = 1;
}

function chosen(names) {
  const unknown = names.filter((name) => steps[name] === undefined);
  if (unknown.length > 0) throw new Error(`unknown step ${unknown.join(", ")}; see --help`);
  return Object.keys(steps).filter((name) => names.length === 0 || names.includes(name));
}

async function run(names, options) {
  const turns = Number(options.turns);
  if (!Number.isSafeInteger(turns) || turns < 1) throw new Error("--turns is a whole number");
  const peers = locatePeers(peerIds);
  const folder = options.folder === undefined ? temporaryFolder() : resolve(options.folder);
  await checkMachine(projectRoot);
  const store = makeStore(folder, say);
  const loadBefore = loadavg()[0].toFixed(1);
  const results = new Results(folder);
  for (const name of names) {
    say(`${name}, at a load of ${loadavg()[0].toFixed(1)}`);
    const measured = await steps[name].measure({ store, peers, turns, say });
    for (const [row, runs] of Object.entries(measured))
      say(`  ${row}: ${runs.map((value) => Number(value.toPrecision(4))).join(" ")}`);
    results.add(measured);
  }
  const settings = { about: `medians of ${turns} turns, at a load of ${loadBefore} before` };
  const measurements = Object.values(steps).filter(({ rows }) =>
    rows.some(({ id }) => results.values.has(`${id} berth`)),
  );
  const columns = [...peers, { id: "sha256sum", title: "sha256sum", version: "of this system" }];
  console.log(formatReport(createReport({ measurements, peers: columns, settings, results: results.values })));
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Inside the project: on many machines, /tmp is in memory. */
function temporaryFolder() {
  const parent = join(projectRoot, ".build");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "bench-upkeep-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  return folder;
}
