// What attacks do to good clients: npm run bench:attacks [-- PART OF AN ATTACK'S NAME...]
// While each attack runs, good clients ask /v2/, pull a warm manifest and push; what they waited is set beside a time
// without attack. Berth, the attackers and the good clients share this machine: what the attackers need counts, too.
import { setMaxListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AttackedBerth } from "./attacked-berth.mjs";
import { attacks } from "./attacks.mjs";
import { GoodClients } from "./good-clients.mjs";
import { HostileUpstream } from "./hostile-upstream.mjs";

const measuredMs = Number(process.env.ATTACK_SECONDS ?? 8) * 1000;
const bounds = { times: 3, ms: 1000, mebibytes: 400 };
/** All that an attack opened must be closed by then. */
const leftOpenMs = 30_000;
/** Files that come and go by themselves: locks, folders that are synced, connections of good clients. */
const spareFiles = 12;

const wanted = process.argv.slice(2);
const chosen = attacks.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let failed = 0;
for (const attack of chosen) failed += (await measure(attack)) ? 0 : 1;
console.log(`${chosen.length - failed} of ${chosen.length} attacks stay within the bounds`);
process.exit(failed === 0 ? 0 : 1);

async function measure({ name, prepare, run }) {
  const folder = await mkdtemp(join(tmpdir(), "berth-attacks-"));
  const upstream = await HostileUpstream.start();
  const berth = await AttackedBerth.start(folder, upstream.url);
  try {
    const good = await GoodClients.prepare(berth.port);
    const prepared = await prepare?.({ port: berth.port, upstream });
    await good.run(2000);
    const before = await good.run(measuredMs);
    const filesBefore = berth.openFiles();
    const attack = new AbortController();
    // Each connection of an attacker ends with it.
    setMaxListeners(0, attack.signal);
    const attacking = run({ port: berth.port, upstream, prepared, signal: attack.signal }).catch(() => {});
    await delay(500);
    const during = await good.run(measuredMs);
    attack.abort();
    await Promise.race([attacking, delay(5000)]);
    const left = await filesLeft(berth, filesBefore);
    return report(name, { before, during, peak: berth.peakMebibytes(), left });
  } catch (error) {
    console.log(`${name}\n  FAILED: ${error.message}`);
    return false;
  } finally {
    await berth.stop();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesLeft(berth, before) {
  const end = performance.now() + leftOpenMs;
  let left = berth.openFiles() - before;
  while (left > spareFiles && performance.now() < end) {
    await delay(500);
    left = berth.openFiles() - before;
  }
  return Math.max(0, left);
}

function report(name, { before, during, peak, left }) {
  console.log(name);
  let isGood = true;
  for (const [what, { p99, failures, count }] of Object.entries(during)) {
    const base = before[what].p99;
    const holds = failures === 0 && p99 < bounds.ms && p99 <= Math.max(bounds.times * base, 20);
    isGood &&= holds;
    const counted = `${count} asked, ${failures} failed`;
    console.log(
      `  ${mark(holds)} ${what.padEnd(14)} p99 ${p99.toFixed(1)} ms, without attack ${base.toFixed(1)} ms; ${counted}`,
    );
  }
  const isSmall = peak < bounds.mebibytes;
  const isClosed = left <= spareFiles;
  console.log(`  ${mark(isSmall)} peak memory    ${peak} MiB`);
  console.log(`  ${mark(isClosed)} left open      ${left} files`);
  return isGood && isSmall && isClosed;
}

function mark(holds) {
  return holds ? "holds " : "BROKEN";
}
