import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atLeastTimes, atMost, atMostTimes } from "../targets.mjs";
import { runProgram } from "./program.mjs";

const byProgram = "sha256sum";
const megabyte = 1_000_000;

/** `berth fsck` beside sha256sum of the same files in turns; all of them are in the system's memory. */
export const checks = {
  about: "fsck beside sha256sum of the same files, in the memory of the system",
  rows: [
    { id: "fsck", title: "fsck of 1 GiB in large blobs", unit: "MB/s", target: atLeastTimes(1, byProgram) },
    { id: "fsck-cores", title: "fsck of 1 GiB in large blobs", unit: "cores", target: atMost(1.1) },
    { id: "fsck-small", title: "fsck of the 100,000 blobs", unit: "s", target: atMostTimes(2, byProgram) },
    { id: "fsck-small-cpu", title: "fsck of the 100,000 blobs", unit: "CPU s" },
    { id: "fsck-small-memory", title: "fsck of the 100,000 blobs: memory", unit: "MiB", target: atMost(150) },
  ],
  async measure({ store, peers, turns, say }) {
    const berth = peers.find(({ id }) => id === "berth");
    const results = {};
    const add = (row, value) => {
      results[row] ??= [];
      results[row].push(value);
    };
    const [large, small] = [listFiles(store, store.large), listFiles(store, store.data)];
    // The first time they come from the disk.
    for (const { list } of [large, small]) await sumAll(list);
    for (let turn = 1; turn <= turns; turn++) {
      say(`  turn ${turn}`);
      for (const [peer, run] of [
        [byProgram, (files) => sumAll(files.list)],
        ["berth", (files) => check(berth, store, files.data)],
      ]) {
        const whole = await run(large);
        add(`fsck ${peer}`, large.bytes / megabyte / whole.seconds);
        add(`fsck-cores ${peer}`, whole.cpuSeconds / whole.seconds);
        const many = await run(small);
        add(`fsck-small ${peer}`, many.seconds);
        add(`fsck-small-cpu ${peer}`, many.cpuSeconds);
        add(`fsck-small-memory ${peer}`, many.mebibytes);
      }
    }
    return results;
  },
};

/** The files of all blobs, as sha256sum reads their names. */
function listFiles({ home }, data) {
  const found = execFileSync("find", [data, "-type", "f", "-name", "data", "-printf", "%s %p\\0"], { maxBuffer: 1e9 });
  const lines = found.toString().split("\0").filter(Boolean);
  const list = join(home, `files-of-${data.split("/").at(-1)}`);
  writeFileSync(list, lines.map((line) => line.slice(line.indexOf(" ") + 1)).join("\0"));
  return { list, data, bytes: lines.reduce((sum, line) => sum + Number.parseInt(line, 10), 0) };
}

async function sumAll(list) {
  const names = openSync(list);
  try {
    return await runProgram("xargs", ["-0", "sha256sum"], { stdin: names });
  } finally {
    closeSync(names);
  }
}

function check(peer, { home }, data) {
  const file = join(home, "checked.yml");
  writeFileSync(file, peer.config({ port: 1, data }));
  return runProgram(peer.program, peer.checkArgs(file), { env: peer.env });
}
