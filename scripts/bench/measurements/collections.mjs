import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addImage, makeCollectedStore } from "../../make-collected-store.mjs";
import { locatePeers } from "../peers.mjs";
import { ProcessTree } from "../process-tree.mjs";
import { atLeastTimesRow, atMost, atMostTimes } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const memoryEachMs = 20;
const mebibyte = 1024 * 1024;

/** A collection of 100,000 blobs and 20,000 manifests, of which 1,000 blobs are not needed, and the next ones. */
const collections = {
  isLong: true,
  rows: [
    {
      id: "collection",
      title: "collection of 100,000 blobs, 20,000 manifests",
      unit: "s",
      target: atMostTimes(0.5, "registry3"),
    },
    { id: "collection-memory", title: "the same: memory", unit: "MB", target: atMost(150) },
    {
      id: "collection-next",
      title: "the next, one image of 100 is new",
      unit: "s",
      target: atMostTimes(0.1, "registry3"),
    },
    {
      id: "collection-idle",
      title: "the next, nothing has changed",
      unit: "s",
      target: atMostTimes(0.1, "registry3"),
    },
  ],
  async measure({ folder, peerId }) {
    const [peer] = locatePeers([peerId]);
    if (peer.collectArgs === undefined) return {};
    const home = mkdtempSync(join(folder, `${peerId}-collected-`));
    try {
      const { collect, names, data } = prepare(home, peer);
      const first = await collect();
      for (const name of names) addImage(data, name, "new");
      // A list that has just changed counts as changing.
      await sleep(1_000);
      const next = await collect();
      const idle = await collect();
      return {
        collection: [first.seconds],
        "collection-memory": [first.bytes / mebibyte],
        "collection-next": [next.seconds],
        "collection-idle": [idle.seconds],
      };
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
};

function prepare(home, peer) {
  const data = join(home, "data");
  mkdirSync(data);
  const names = makeCollectedStore(data);
  const file = join(home, "config.yml");
  writeFileSync(file, peer.config({ port: 1, data }));
  return { names, data, collect: () => run(peer.program, peer.collectArgs(file), peer.env) };
}

/** Runs a program to its end. @returns seconds, and the most memory that it had, in bytes */
async function run(program, args, env) {
  const startedAt = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  const tree = new ProcessTree(child.pid);
  let bytes = 0;
  const look = setInterval(() => {
    try {
      bytes = Math.max(bytes, tree.peakResidentBytes());
    } catch {
      // It has just ended.
    }
  }, memoryEachMs);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return { seconds: (performance.now() - startedAt) / 1000, bytes };
}

/** Pulls while a server collects the same store again and again, as it does by itself, beside pulls of the same server. */
const pullsBeside = {
  isLong: true,
  rows: [
    { id: "pulls-alone", title: "10 kB blob, while nothing is collected", unit: "requests/s" },
    {
      id: "pulls-beside-collection",
      title: "10 kB blob, while garbage is collected",
      unit: "requests/s",
      target: atLeastTimesRow(0.85, "pulls-alone"),
    },
  ],
  async measure({ settings, peerId, withServer }) {
    if (!peerId.startsWith("berth")) return {};
    const rates = (gc) => {
      let path;
      const seed = (layout) => {
        makeCollectedStore(layout.data);
        path = `/v2/bench/blobs/${layout.putRandomBlob("bench", 10_000).digest}`;
      };
      return withServer(seed, (server) => requestRates(server, { paths: [path], settings }), { maintenance: { gc } });
    };
    return {
      "pulls-alone": await rates({ every: null }),
      "pulls-beside-collection": await rates({ every: "1s", grace: "1s" }),
    };
  },
};

export const collectionMeasurements = [collections, pullsBeside];
