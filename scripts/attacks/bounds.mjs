import { setTimeout as delay } from "node:timers/promises";

const bounds = { times: 3, leastMs: 20, ms: 1000, mebibytes: 400 };
/** Everything that an attack opened must be closed by then. */
const leftOpenMs = 30_000;
/** Files that come and go by themselves: locks, folders being synced, connections of good clients. */
const spareFiles = 12;

/** Compares the waits of good clients with those without attack. Each finding is a line, and whether it holds. */
export function judgeWaits(during, before) {
  return Object.entries(during).map(([what, { p99, failures, count }]) => {
    const base = before[what].p99;
    const holds = failures === 0 && p99 < bounds.ms && p99 <= Math.max(bounds.times * base, bounds.leastMs);
    const counted = `${count} requests, ${failures} failed`;
    return {
      holds,
      line: `${what.padEnd(14)} p99 ${p99.toFixed(1)} ms, without attack ${base.toFixed(1)} ms; ${counted}`,
    };
  });
}

export function judgeMemory(berth) {
  const peak = berth.peakMebibytes();
  return { holds: peak < bounds.mebibytes, line: `peak memory    ${peak} MiB` };
}

/** Waits, for a limited time, until what was opened since is closed. */
export async function judgeLeftOpen(berth, before) {
  const end = performance.now() + leftOpenMs;
  let left = berth.openFiles() - before;
  while (left > spareFiles && performance.now() < end) {
    await delay(500);
    left = berth.openFiles() - before;
  }
  return { holds: left <= spareFiles, line: `left open      ${Math.max(0, left)} files` };
}
