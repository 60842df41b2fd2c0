// Runs the fault tests, longer or with other random numbers than `npm run test:faults` does:
//   npm run faults -- [--seconds 600] [--seed 42] [PART OF A FILE NAME...]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string" }, seed: { type: "string" } },
  allowPositionals: true,
});
for (const [name, value] of Object.entries(values)) if (!/^\d{1,9}$/.test(value)) fail(`--${name} is a whole number`);
const { seconds = "60", seed = String(Math.floor(Math.random() * 1e9)) } = values;
console.log(`seed ${seed}: repeat it with --seed ${seed}`);

const root = fileURLToPath(new URL("..", import.meta.url));
const timeout = `--test-timeout=${(Number(seconds) + 900) * 1000}`;
const run = spawnSync(process.execPath, [join(root, "scripts/run-tests.mjs"), "faults", ...positionals, timeout], {
  env: { ...process.env, FAULTS_SECONDS: seconds, FAULTS_SEED: seed },
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;

function fail(message) {
  console.error(`faults: ${message}`);
  process.exit(2);
}
