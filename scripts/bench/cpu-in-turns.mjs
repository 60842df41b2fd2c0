import { requestRates } from "./wrk.mjs";

/** Short turns, so that other load on the machine affects all servers alike. */
const turn = { warmup: 0, seconds: 1, runs: 1 };
/** Until then, the code of the server is compiled again and again. */
const warmupTurns = 3;

/**
 * CPU seconds per request of several servers, measured in turns. They are compared rather than rates, since they vary
 * less with the load on the machine.
 * @param {{ server: object, path: string, headers?: Record<string, string> }[]} loads what each server is asked
 * @param {{ connections: number, turns: number }} settings
 * @returns {Promise<number[]>} in the order of the loads
 */
export async function cpuInTurns(loads, { connections, turns }) {
  const settings = { ...turn, connections };
  const used = loads.map(() => ({ seconds: 0, requests: 0 }));
  for (let count = 0; count < warmupTurns + turns; count++) {
    for (const [index, load] of loads.entries()) {
      const { seconds, requests } = await cpuOf(load, settings);
      if (count < warmupTurns) continue;
      used[index].seconds += seconds;
      used[index].requests += requests;
    }
  }
  return used.map(({ seconds, requests }) => seconds / requests);
}

async function cpuOf({ server, path, headers }, settings) {
  const before = server.tree.cpuSeconds();
  const [rate] = await requestRates(server, { paths: [path], headers, settings });
  return { seconds: server.tree.cpuSeconds() - before, requests: rate * settings.seconds };
}
