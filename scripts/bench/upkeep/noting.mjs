import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Layout } from "../layout.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { median } from "../report.mjs";
import { atMost } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const compiled = new URL("../../../.build/src/", import.meta.url);
const warmupTurns = 4;
const turnsOfOne = 8;
const settings = { warmup: 0, seconds: 1, runs: 1, connections: 16 };
const path = "/v2/bench/manifests/latest";
const headers = { Accept: acceptedManifests };

/**
 * What it costs a pull that its time is noted: one server in this process that notes and does not note in turns of a
 * second; of the differences between neighbours, the median counts. Turns of the same kind show how far the numbers can
 * be trusted.
 */
export const noting = {
  about: "what it costs pulls that their time is noted",
  rows: [
    { id: "noting-cpu", title: "noting of pulls", unit: "% CPU", target: atMost(2) },
    { id: "noting-rate", title: "noting of pulls", unit: "% slower", target: atMost(2) },
    { id: "noting-nothing", title: "the same, noted both times", unit: "% CPU" },
  ],
  async measure({ store, turns }) {
    const home = mkdtempSync(join(store.home, "noting-"));
    const server = await open(home);
    try {
      const { noted, unnoted, again } = await takeTurns(server, turns * turnsOfOne);
      return {
        "noting-cpu berth": [percent(noted, unnoted, "cpu")],
        "noting-rate berth": [-percent(noted, unnoted, "rate")],
        "noting-nothing berth": [percent(noted, again, "cpu")],
      };
    } finally {
      await server.close();
      rmSync(home, { recursive: true, force: true });
    }
  },
};

/** Every other turn backwards, so that none always comes after the same one. */
async function takeTurns(server, turns) {
  const kinds = ["noted", "unnoted", "again"];
  const seen = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (let turn = -warmupTurns; turn < turns; turn++) {
    for (const kind of kinds.reverse()) {
      server.notes(kind !== "unnoted");
      const before = process.cpuUsage();
      const [rate] = await requestRates({ url: server.url }, { paths: [path], headers, settings });
      const { user, system } = process.cpuUsage(before);
      if (turn >= 0) seen[kind].push({ rate, cpu: (user + system) / (rate * settings.seconds) });
    }
  }
  return seen;
}

/** How much more the first has, in percent: the median of all turns. */
function percent(one, other, value) {
  return 100 * (median(one.map((turn, index) => turn[value] / other[index][value])) - 1);
}

/** A Berth on a store of its own, assembled as `berth serve` does, whose noting can be switched off. */
async function open(home) {
  const [{ loadConfig }, { openServer }, { openStorage }, { createLogger }] = await Promise.all(
    ["config/load.js", "serving/open-server.js", "storage/open-storage.js", "observability/winston-logger.js"].map(
      (file) => import(new URL(file, compiled)),
    ),
  );
  const data = join(home, "data");
  new Layout(data).putImage("bench", ["latest"]);
  const file = join(home, "berth.yml");
  const sections = { server: { port: 0 }, log: { access: false }, storage: { filesystem: { root: data } } };
  writeFileSync(file, JSON.stringify(sections));
  const { config } = await loadConfig({ file, environment: {}, directory: home });
  const log = createLogger(config.log, new Writable({ write: (_lines, _encoding, done) => done() }));
  const storage = await openStorage(config.storage, log);
  const { pulls } = storage.uses;
  const note = pulls.note.bind(pulls);
  let isOn = true;
  pulls.note = (...pull) => {
    if (isOn) note(...pull);
  };
  const { server, close } = await openServer(config, log, { storage });
  const { port } = await server.listen();
  const end = async () => {
    await server.stop(0);
    await close();
  };
  const notes = (on) => {
    isOn = on;
  };
  return { url: `http://127.0.0.1:${port}`, notes, close: end };
}
