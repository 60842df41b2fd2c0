// Measures what metrics and events cost a pull, in CPU time and in pulls a second: npm run bench:observation
// Processes that are equal differ by a fifth from each other, so all kinds of Berth are measured in this one process, on
// one storage, in turns of a second; of the differences between neighbouring turns, the median counts. It needs wrk.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Layout } from "./bench/layout.mjs";
import { acceptedManifests } from "./bench/manifest.mjs";
import { median } from "./bench/report.mjs";
import { requestRates } from "./bench/wrk.mjs";

const compiled = new URL("../.build/src/", import.meta.url);
const warmupTurns = 4;
const turns = Number(process.argv[2] ?? 30);
const settings = { warmup: 0, seconds: 1, runs: 1, connections: 32 };
const path = "/v2/bench/manifests/latest";
const headers = { Accept: acceptedManifests };

/** Events of pulls are sent a second later, and belong to the turn that made them. */
const afterTurnMs = 1_500;

const receiver = fork(fileURLToPath(new URL("bench/event-receiver.mjs", import.meta.url)));
const [{ port: receiverPort }] = await once(receiver, "message");
const url = `http://127.0.0.1:${receiverPort}/`;
const metrics = { address: "127.0.0.1:0" };
const kinds = {
  // Twice, to see how far the numbers can be trusted.
  nothing: {},
  "nothing again": {},
  metrics: { metrics },
  "metrics, and events of changes": { metrics, events: { endpoints: [{ name: "bench", url }] } },
  "metrics, and events of pulls, too": { metrics, events: { endpoints: [{ name: "bench", url, include: ["pull"] }] } },
};

const directory = mkdtempSync(join(tmpdir(), "berth-observed-"));
const data = join(directory, "data");
new Layout(data).putImage("bench", ["latest"]);
const servers = [];
for (const [title, sections] of Object.entries(kinds)) servers.push({ title, ...(await open(sections)), seen: [] });
try {
  for (let turn = -warmupTurns; turn < turns; turn++) await takeTurn(turn >= 0);
  report();
} finally {
  for (const { close } of servers) await close();
  receiver.disconnect();
  rmSync(directory, { recursive: true, force: true });
}

/** Each kind once; every other turn backwards, so that none always comes after the same one. */
async function takeTurn(counts) {
  servers.reverse();
  for (const server of servers) {
    const before = process.cpuUsage();
    const [rate] = await requestRates({ url: server.url }, { paths: [path], headers, settings });
    await sleep(afterTurnMs);
    const { user, system } = process.cpuUsage(before);
    if (counts) server.seen.push({ rate, cpu: (user + system) / (rate * settings.seconds) });
  }
}

function report() {
  const plain = servers.find(({ title }) => title === "nothing");
  for (const title of Object.keys(kinds)) {
    const { seen } = servers.find((server) => server.title === title);
    const [cpu, rate] = ["cpu", "rate"].map((value) => ({
      middle: median(seen.map((turn) => turn[value])),
      percent: 100 * (median(seen.map((turn, index) => turn[value] / plain.seen[index][value])) - 1),
    }));
    const cpuText = `${cpu.middle.toFixed(1)} µs a pull (${signed(cpu.percent)} %)`;
    console.log(
      `${title.padEnd(36)} ${cpuText.padEnd(28)} ${rate.middle.toFixed(0)} pulls/s (${signed(rate.percent)} %)`,
    );
  }
}

function signed(percent) {
  return `${percent < 0 ? "-" : "+"}${Math.abs(percent).toFixed(1)}`;
}

/** A Berth with these sections, assembled as `berth serve` does. */
async function open(sections) {
  const [{ loadConfig }, { openServer }, { openMetrics }, { createLogger }] = await Promise.all(
    ["config/load.js", "serving/open-server.js", "serving/open-metrics.js", "observability/winston-logger.js"].map(
      (file) => import(new URL(file, compiled)),
    ),
  );
  const file = join(directory, "berth.yml");
  const storage = { filesystem: { root: data } };
  writeFileSync(file, JSON.stringify({ server: { port: 0 }, log: { access: false }, storage, ...sections }));
  const { config } = await loadConfig({ file, environment: {}, directory });
  const log = createLogger(config.log, new Writable({ write: (_lines, _encoding, done) => done() }));
  const { server, close } = await openServer(config, log, { metrics: await openMetrics(config) });
  const { port } = await server.listen();
  const end = async () => {
    await server.stop(0);
    await close();
  };
  return { url: `http://127.0.0.1:${port}`, close: end };
}
