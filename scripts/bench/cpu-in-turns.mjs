import { median } from "./report.mjs";
import { requestRates } from "./wrk.mjs";

/** Short turns, so that other load on the machine affects all servers alike; of a disturbed one, the median is free. */
const turn = { warmup: 0, seconds: 1, runs: 1 };
/** Until then, the code of the server is compiled again and again. */
const warmupTurns = 3;

/**
 * CPU seconds per request of several servers, measured in turns: of each, the median. They are compared rather than
 * rates, since they vary less with the load on the machine.
 * @param {{ server: object, path: string, headers?: Record<string, string> }[]} loads what each server is asked
 * @param {{ connections: number, turns: number }} settings
 * @returns {Promise<number[]>} in the order of the loads
 */
export async function cpuInTurns(loads, { connections, turns }) {
  const settings = { ...turn, connections };
  const measured = loads.map(() => []);
  for (let count = 0; count < warmupTurns + turns; count++) {
    for (const [index, load] of loads.entries()) {
      const seconds = await cpuPerRequest(load, settings);
      if (count >= warmupTurns) measured[index].push(seconds);
    }
  }
  return measured.map(median);
}

async function cpuPerRequest({ server, path, headers }, settings) {
  const before = server.tree.cpuSeconds();
  const [rate] = await requestRates(server, { paths: [path], headers, settings });
  return (server.tree.cpuSeconds() - before) / (rate * settings.seconds);
}
