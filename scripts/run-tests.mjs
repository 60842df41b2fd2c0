// Runs compiled tests: node scripts/run-tests.mjs KIND... [PART OF A FILE NAME...] [OPTION OF node --test...]
// A KIND is a folder of test/. It compiles nothing: run `tsc -p test/tsconfig.json` first.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const processors = availableParallelism();
/**
 * Most of these tests wait for answers, timers and the disk, so a processor has time for a second file. The limit only
 * ends what hangs: on a machine with other work to do, seconds become minutes.
 */
const light = { filesAtOnce: 2 * processors, timeoutMinutes: 10 };
/** These start daemons, or load the machine. */
const heavy = { filesAtOnce: 1, timeoutMinutes: 15 };
/** The official suite never waits for long, and asserts nothing about time. */
const suite = { ...heavy, filesAtOnce: processors };
const kindsOfTests = {
  unit: light,
  contract: light,
  api: light,
  conformance: suite,
  e2e: heavy,
  faults: heavy,
  large: heavy,
};

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const words = args.filter((arg) => !arg.startsWith("-"));
const kinds = words.filter((word) => Object.hasOwn(kindsOfTests, word));
const nameParts = words.filter((word) => !kinds.includes(word));

const files = kinds.flatMap(testFilesOf).filter((file) => nameParts.every((part) => file.includes(part)));
if (files.length === 0) fail(`no test file matches "${args.join(" ")}"`);
const settings = kinds.map((kind) => kindsOfTests[kind]);
const filesAtOnce = Math.min(...settings.map((each) => each.filesAtOnce));
const timeoutMinutes = Math.max(...settings.map((each) => each.timeoutMinutes));

const run = spawnSync(
  process.execPath,
  [
    "--test",
    ...(options.some((option) => option.startsWith("--test-reporter")) ? [] : ["--test-reporter=spec"]),
    `--test-concurrency=${filesAtOnce}`,
    `--test-timeout=${timeoutMinutes * 60_000}`,
    ...options,
    ...files,
  ],
  { cwd: root, stdio: "inherit" },
);
if (run.error) throw run.error;
process.exitCode = run.status ?? 1;

/** By their sources, so that tests left by an older build do not run. */
function testFilesOf(kind) {
  const folder = join(root, "test", kind);
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  const sources = files.filter((file) => file.endsWith(".test.ts")).sort();
  if (sources.length === 0) fail(`there is no test file in test/${kind}`);
  return sources.map((file) => join(".build/test", kind, file.replace(/ts$/, "js")));
}

function fail(message) {
  console.error(`run-tests: ${message}`);
  process.exit(1);
}
