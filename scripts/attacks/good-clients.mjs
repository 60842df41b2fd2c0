import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { ask, pushImage } from "./requests.mjs";

/** Pauses, so that good clients are a light load that measures waiting, and not the load itself. */
const pauseMs = 20;

/** What good clients do, one client for each. */
export class GoodClients {
  #actions;

  static async prepare(port, speaksTls = false) {
    const options = { keepAlive: true };
    const agent = speaksTls ? new TlsAgent({ ...options, rejectUnauthorized: false }) : new Agent(options);
    await pushImage(port, "own/good", "warm", { agent });
    return new GoodClients(port, agent);
  }

  constructor(port, agent) {
    let pushed = 0;
    this.#actions = {
      "/v2/": () => expect(200, ask(port, "GET", "/v2/", { agent })),
      "warm manifest": () => expect(200, ask(port, "GET", "/v2/own/good/manifests/warm", { agent })),
      push: () => pushImage(port, "own/pushed", `t${pushed++}`, { agent }),
    };
  }

  /**
   * @param wanted the names of the actions
   * @returns for each action: the 99th percentile of its wait, the number of requests and of failures
   */
  async run(ms, wanted = Object.keys(this.#actions)) {
    const end = performance.now() + ms;
    const entries = wanted.map(async (what) => [what, await waits(this.#actions[what], end)]);
    return Object.fromEntries(await Promise.all(entries));
  }
}

async function waits(action, end) {
  const all = [];
  let failures = 0;
  while (performance.now() < end) {
    const before = performance.now();
    await action().catch(() => failures++);
    all.push(performance.now() - before);
    await delay(pauseMs);
  }
  all.sort((one, other) => one - other);
  return { count: all.length, failures, p99: all[Math.min(all.length - 1, Math.floor(all.length * 0.99))] };
}

async function expect(status, answer) {
  const actual = await answer;
  if (actual !== status) throw new Error(`answered with ${actual}, not ${status}`);
}
