import { resolve } from "node:path";
import { parseArgs } from "node:util";

const fullSettings = { warmup: 1, seconds: 2, runs: 3, starts: 5, connections: 16, pushers: 8 };
const quickSettings = { ...fullSettings, runs: 1, starts: 3 };

const known = {
  only: { type: "string" },
  peers: { type: "string", default: "berth,registry2,registry3" },
  quick: { type: "boolean", default: false },
  full: { type: "boolean", default: false },
  json: { type: "string" },
  folder: { type: "string" },
  "cpu-prof": { type: "string" },
  help: { type: "boolean", default: false },
};

/** The command line: what to measure, of which peers, and for how long. */
export function parseOptions(args, measurements) {
  const { values } = parseArgs({ args, options: known });
  return {
    help: values.help,
    measurements: selectMeasurements(measurements, values),
    peers: values.peers.split(","),
    settings: values.quick ? quickSettings : fullSettings,
    json: values.json,
    folder: values.folder,
    // Each server runs in its own folder.
    cpuProf: values["cpu-prof"] && resolve(values["cpu-prof"]),
  };
}

/** The text of --help, with every row that --only accepts. */
export function helpText(measurements) {
  return `npm run bench -- [OPTION...]

  --only ROW[,ROW]     only these rows
  --peers PEER[,PEER]  from berth, registry2, registry3 (the default), and berth-hybrid
  --quick              one run of ${quickSettings.seconds} s instead of ${fullSettings.runs}
  --full               include rows that take minutes: ${rowIds(measurements.filter((one) => one.isLong)).join(", ")}
  --json FILE          write every run of every row as JSON
  --folder FOLDER      folder for temporary data directories (default: .build)
  --cpu-prof FOLDER    write a CPU profile of each start of Berth, for Chrome or VS Code

Rows: ${rowIds(measurements).join(", ")}`;
}

function selectMeasurements(measurements, { only, full }) {
  if (only === undefined) return measurements.filter((measurement) => full || !measurement.isLong);
  const wanted = only.split(",");
  const unknown = wanted.filter((id) => !rowIds(measurements).includes(id));
  if (unknown.length > 0) {
    throw new Error(`unknown row ${unknown.join(", ")}; known rows are ${rowIds(measurements).join(", ")}`);
  }
  return measurements.filter((measurement) => rowIds([measurement]).some((id) => wanted.includes(id)));
}

function rowIds(measurements) {
  return measurements.flatMap((measurement) => measurement.rows.map((row) => row.id));
}
