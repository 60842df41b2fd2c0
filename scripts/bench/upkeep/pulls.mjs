import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Layout } from "../layout.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { Server } from "../server.mjs";
import { atLeast, atMostTimesRow } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const aloneSeconds = 3;
/** Long enough for each step of a collection of everything. */
const besideSeconds = 8;
/** The configuration is read again, and what is due begins. */
const begunMs = 1_500;
const forgottenEachMs = 100;
const asked = 85;
const settings = { warmup: 0, runs: 1, connections: 16 };

/** What a server does beside its clients: its defaults, but for how often. */
const kinds = {
  alone: { gc: { every: null }, fsck: { every: null } },
  collection: { gc: { every: "1s" }, fsck: { every: null } },
  fsck: { gc: { every: null }, fsck: { every: "1s" } },
};
/** Each kind of work has a time alone before and after it: the speed of a machine changes within minutes. */
const order = ["alone", "collection", "alone", "fsck", "alone"];
const beside = { collection: "beside a collection", fsck: "beside fsck" };
const titles = { manifest: "warm manifest", blob: "warm 10 kB blob" };

/**
 * Warm pulls by one client process, while the server does nothing else, collects everything again and again, or checks
 * everything. It is one server that is reloaded, since two that are equal differ by more than what is asked about. On a
 * busy machine the rate says little; the CPU time of the thread that answers says how many pulls it could answer.
 */
export const pulls = {
  about: "warm pulls while the server collects or checks everything",
  rows: Object.entries(titles).flatMap(([what, title]) => [
    { id: `${what}-alone`, title, unit: "requests/s" },
    ...Object.entries(beside).map(([kind, text]) => ({
      id: `${what}-${kind}`,
      title: `${title} ${text}`,
      unit: "requests/s",
    })),
    ...Object.entries(beside).map(([kind, text]) => ({
      id: `${what}-${kind}-part`,
      title: `${title} ${text}, of alone just before and after`,
      unit: "%",
      target: atLeast(asked),
    })),
    { id: `${what}-alone-cpu`, title: `${title}, main thread`, unit: "CPU µs" },
    ...Object.entries(beside).map(([kind, text]) => ({
      id: `${what}-${kind}-cpu`,
      title: `${title} ${text}, main thread`,
      unit: "CPU µs",
      target: atMostTimesRow(100 / asked, `${what}-alone-cpu`),
    })),
  ]),
  async measure({ store, peers, turns, say }) {
    const berth = peers.find(({ id }) => id === "berth");
    const home = mkdtempSync(join(store.home, "serving-"));
    const paths = fillPulled(store.data);
    store.restore();
    const server = await Server.start({ peer: berth, home, data: store.data, sections: sectionsOf("alone") });
    const forgetting = setInterval(() => store.forgetCollections(), forgottenEachMs);
    try {
      return await measureTurns({ server, berth, store, paths, turns, say });
    } finally {
      clearInterval(forgetting);
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    }
  },
};

function fillPulled(data) {
  const layout = new Layout(data);
  const blob = layout.putBlob("bench", randomBytes(10_000));
  layout.putImage("bench", ["latest"], [blob]);
  return { manifest: "/v2/bench/manifests/latest", blob: `/v2/bench/blobs/${blob.digest}` };
}

function sectionsOf(kind) {
  return { maintenance: kinds[kind], log: { access: false } };
}

async function measureTurns({ server, berth, store, paths, turns, say }) {
  const results = {};
  const add = (row, value) => {
    results[`${row} berth`] ??= [];
    results[`${row} berth`].push(value);
  };
  // The code of a server is compiled in its first seconds.
  for (const path of Object.values(paths)) await pull(server, path, aloneSeconds);
  for (let turn = 1; turn <= turns; turn++) {
    say(`  turn ${turn}`);
    for (const what of Object.keys(titles)) {
      const rates = [];
      for (const kind of order) {
        server.reconfigure(berth.config({ port: server.port, data: store.data, sections: sectionsOf(kind) }));
        await sleep(begunMs);
        const seconds = kind === "alone" ? aloneSeconds : besideSeconds;
        const { rate, cpuSeconds } = await pull(server, paths[what], seconds);
        add(`${what}-${kind}`, rate);
        add(`${what}-${kind}-cpu`, (cpuSeconds / (rate * seconds)) * 1e6);
        rates.push(rate);
      }
      for (const [at, kind] of order.entries()) {
        if (kind === "alone") continue;
        add(`${what}-${kind}-part`, (100 * rates[at]) / ((rates[at - 1] + rates[at + 1]) / 2));
      }
    }
  }
  return results;
}

async function pull(server, path, seconds) {
  const before = server.tree.mainThreadSeconds();
  const load = { paths: [path], headers: { Accept: acceptedManifests }, settings: { ...settings, seconds } };
  const [rate] = await requestRates(server, load);
  return { rate, cpuSeconds: server.tree.mainThreadSeconds() - before };
}
