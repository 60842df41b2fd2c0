import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atMost, atMostTimes } from "../targets.mjs";
import { runProgram } from "./program.mjs";

/** A list that has just changed counts as changing. */
const settledMs = 1_100;

/** Collections of Berth and registry 3 in turns, each of 1,000 blobs that nothing needs, and what follows. */
export const collections = {
  about: "garbage collection beside that of registry 3: the first, with 1 % changed, with nothing changed",
  rows: [
    { id: "collection", title: "collection", unit: "s", target: atMostTimes(0.5, "registry3") },
    { id: "collection-cpu", title: "collection", unit: "CPU s" },
    { id: "collection-memory", title: "collection: memory", unit: "MiB", target: atMost(150) },
    { id: "next", title: "the next, 1 % of the images is new", unit: "s", target: atMostTimes(0.1, "registry3") },
    { id: "next-cpu", title: "the next, 1 % of the images is new", unit: "CPU s" },
    { id: "next-memory", title: "the next: memory", unit: "MiB", target: atMost(150) },
    { id: "idle", title: "the next, nothing is new", unit: "s", target: atMostTimes(0.1, "registry3") },
  ],
  async measure({ store, peers, turns, say }) {
    const results = {};
    const add = (row, value) => {
      results[row] ??= [];
      results[row].push(value);
    };
    for (let turn = 1; turn <= turns; turn++) {
      for (const peer of peers) {
        say(`  turn ${turn}: ${peer.title}`);
        store.restore();
        const first = await collect(peer, store);
        add(`collection ${peer.id}`, first.seconds);
        add(`collection-cpu ${peer.id}`, first.cpuSeconds);
        add(`collection-memory ${peer.id}`, first.mebibytes);
        if (peer.id === "berth") await measureNext(peer, store, add);
      }
    }
    // Registry 3 reads everything each time.
    for (const row of ["next", "idle"]) results[`${row} registry3`] = results["collection registry3"];
    results["next-cpu registry3"] = results["collection-cpu registry3"];
    return results;
  },
};

async function measureNext(peer, store, add) {
  store.grow();
  await sleep(settledMs);
  const next = await collect(peer, store);
  add("next berth", next.seconds);
  add("next-cpu berth", next.cpuSeconds);
  add("next-memory berth", next.mebibytes);
  add("idle berth", (await collect(peer, store)).seconds);
}

function collect(peer, store) {
  const file = join(store.home, `${peer.id}.yml`);
  writeFileSync(file, peer.config({ port: 1, data: store.data }));
  return runProgram(peer.program, peer.collectArgs(file), { env: peer.env });
}
