import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

const periodMs = 20;

/** How much of one core this process needs, from now until the returned function is called. */
export function measureCpu() {
  const [cpu, since] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000 / (performance.now() - since);
  };
}

/** Burns this share of a core, until the signal: as an attack does, but without one request. */
export async function burnCpu(share, signal) {
  while (!signal.aborted) {
    const end = performance.now() + Math.min(1, share) * periodMs;
    while (performance.now() < end);
    await (share < 1 ? delay((1 - share) * periodMs) : nextTurn());
  }
}
