// Measures what metrics and events cost a pull: npm run bench:observation -- [ROUNDS]
// Two servers that are equal differ by a fifth from each other, even in one process, so that 2 % cannot be seen by comparing
// them. Here one server takes short turns in a random order: not observed at all, observed as usual, and observed many
// times over, which multiplies the cost. Each turn is compared to the one without of the same round; behind the mean is
// the interval that holds it in 95 of 100 runs. Events of changes are configured, too: a pull has no part of them.
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Layout } from "./bench/layout.mjs";
import { acceptedManifests } from "./bench/manifest.mjs";

const compiled = new URL("../.build/src/", import.meta.url);
const warmupRounds = 40;
const rounds = Number(process.argv[2] ?? 400);
const pullsOfTurn = 400;
/** How often each pull is observed. */
const kinds = [0, 1, 8];
/** Of the rounds, to see how far the mean varies. */
const samples = 1_000;

const receiver = fork(fileURLToPath(new URL("bench/event-receiver.mjs", import.meta.url)));
const [{ port: receiverPort }] = await once(receiver, "message");
const load = fork(fileURLToPath(new URL("bench/pull-load.mjs", import.meta.url)));
const directory = mkdtempSync(join(tmpdir(), "berth-observed-"));
const data = join(directory, "data");
const layout = new Layout(data);
const blob = layout.putBlob("bench", randomBytes(1_000));
layout.putImage("bench", ["latest"], [blob]);
const pulls = {
  "by manifest": { path: "/v2/bench/manifests/latest", headers: { Accept: acceptedManifests } },
  "of a blob of 1 kB": { path: `/v2/bench/blobs/${blob.digest}`, headers: {} },
};
const { port, close, observeTimes } = await open();
const seen = new Map();
try {
  for (let round = -warmupRounds; round < rounds; round++) await takeRound(round >= 0);
  for (const pull of Object.keys(pulls)) report(pull);
} finally {
  await close();
  receiver.disconnect();
  load.disconnect();
  // A server writes what it counted until it has stopped.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function takeRound(counts) {
  const turns = kinds.flatMap((times) => Object.keys(pulls).map((pull) => ({ times, pull })));
  for (const { times, pull } of shuffled(turns)) {
    observeTimes(times);
    const before = process.cpuUsage();
    load.send({ port, ...pulls[pull], count: pullsOfTurn });
    const [{ seconds }] = await once(load, "message");
    const { user, system } = process.cpuUsage(before);
    const key = `${pull} ${times}`;
    if (counts) seen.set(key, [...(seen.get(key) ?? []), { cpu: (user + system) / pullsOfTurn, seconds }]);
  }
}

function report(pull) {
  const base = seen.get(`${pull} 0`);
  console.log(`pulls ${pull}: ${midmean(base.map(({ cpu }) => cpu)).toFixed(1)} µs of CPU without metrics and events`);
  for (const times of kinds.filter((each) => each > 0)) {
    const turns = seen.get(`${pull} ${times}`);
    const cpu = intervalOf(turns.map((turn, round) => (turn.cpu / base[round].cpu - 1) / times));
    const rate = intervalOf(turns.map((turn, round) => (base[round].seconds / turn.seconds - 1) / times));
    const title = times === 1 ? "observed as usual" : `observed ${times} times, for each`;
    console.log(`  ${title.padEnd(26)} CPU ${cpu.padEnd(26)} rate ${rate}`);
  }
}

/** The mean of the middle half, in percent, and where it is in 95 of 100 samples of the rounds. */
function intervalOf(parts) {
  const sample = () => parts.map(() => parts[Math.floor(Math.random() * parts.length)]);
  const means = Array.from({ length: samples }, () => midmean(sample())).sort((one, other) => one - other);
  const [low, high] = [0.025, 0.975].map((part) => means[Math.floor(samples * part)]);
  return `${percent(midmean(parts))} % (${percent(low)} to ${percent(high)})`;
}

/** What other load on the machine disturbs is in the outer quarters. */
function midmean(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

function percent(part) {
  return `${part < 0 ? "-" : "+"}${Math.abs(100 * part).toFixed(2)}`;
}

function shuffled(items) {
  return items
    .map((item) => [Math.random(), item])
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item);
}

/** A Berth, assembled as `berth serve` does, whose observers can be run any number of times. */
async function open() {
  const [{ loadConfig }, { openServer }, { openMetrics }, { createLogger }] = await Promise.all(
    ["config/load.js", "serving/open-server.js", "serving/open-metrics.js", "observability/winston-logger.js"].map(
      (file) => import(new URL(file, compiled)),
    ),
  );
  const file = join(directory, "berth.yml");
  const settings = {
    server: { port: 0 },
    log: { access: false },
    storage: { filesystem: { root: data } },
    metrics: { address: "127.0.0.1:0" },
    events: { endpoints: [{ name: "bench", url: `http://127.0.0.1:${receiverPort}/` }] },
  };
  writeFileSync(file, JSON.stringify(settings));
  const { config } = await loadConfig({ file, environment: {}, directory });
  const log = createLogger(config.log, new Writable({ write: (_lines, _encoding, done) => done() }));
  const metrics = await openMetrics(config);
  const observeTimes = repeatable(metrics);
  const { server, close } = await openServer(config, log, { metrics });
  const { port } = await server.listen();
  const end = async () => {
    await server.stop(0);
    await close();
  };
  return { port, close: end, observeTimes };
}

/** @returns a function that says how often everything is observed from now on */
function repeatable(metrics) {
  const { requests } = metrics;
  const ended = requests.ended.bind(requests);
  const meterDriver = metrics.meterDriver.bind(metrics);
  const drivers = [];
  let times = 1;
  requests.ended = (exchange) => {
    for (let count = 0; count < times; count++) ended(exchange);
  };
  metrics.meterDriver = (driver, name) => {
    const metered = [driver];
    for (let count = 0; count < Math.max(...kinds); count++) metered.push(meterDriver(metered.at(-1), name));
    // Costs as much whatever it leads to, so that it is in no difference.
    const switched = new Proxy(driver, {
      get(_target, property) {
        const current = metered[times];
        const value = Reflect.get(current, property, current);
        return typeof value === "function" ? value.bind(current) : value;
      },
    });
    drivers.push(switched);
    return switched;
  };
  return (wanted) => {
    if (drivers.length === 0) throw new Error("no driver was metered");
    times = wanted;
  };
}
