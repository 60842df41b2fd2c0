import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Layout } from "./layout.mjs";
import { ProcessTree } from "./process-tree.mjs";

const pollMs = 5;
const startLimitMs = 30_000;
const stopLimitMs = 20_000;

/**
 * Runs `work` against a server on a new data directory filled by `seed`, with nothing else running, and removes both.
 * @template T
 * @param {{ peer: object, folder: string, seed: (layout: Layout) => void, cpuProf?: string, cacheOf?: object, sections?:
 * object }} options
 * @param {(server: Server) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServer({ peer, folder, seed, cpuProf, cacheOf, sections }, work) {
  const home = mkdtempSync(join(folder, `${peer.id}-`));
  try {
    const data = join(home, "data");
    mkdirSync(data);
    seed(new Layout(data));
    // Earlier writes must not be flushed while the server is measured.
    await promisify(execFile)("sync");
    const server = await Server.start({ peer, home, data, cpuProf, cacheOf, sections });
    try {
      return await work(server);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** A running peer. */
export class Server {
  /** Milliseconds from the start of the process to the first response to GET /v2/. */
  startMs;
  /** @type {ProcessTree} */
  tree;
  port;
  #child;
  #configFile;
  #parts;

  static async start(parts) {
    const port = await freePort();
    const { peer, home, data, cacheOf, sections } = parts;
    const configFile = join(home, "config.yml");
    writeFileSync(configFile, peer.config({ port, data, cacheOf, sections }));
    const server = new Server(port, configFile, parts);
    await server.#begin();
    return server;
  }

  constructor(port, configFile, parts) {
    this.port = port;
    this.#configFile = configFile;
    this.#parts = parts;
    // Before the folder is removed, by another listener.
    process.prependListener("exit", this.#kill);
  }

  async #begin() {
    const { peer, home, cpuProf } = this.#parts;
    const logFile = join(home, "server.log");
    const log = openSync(logFile, "w");
    const started = performance.now();
    this.#child = spawn(peer.program, peer.args(this.#configFile, cpuProf), {
      cwd: home,
      env: { ...foreignEnvironment(), ...peer.env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.tree = new ProcessTree(this.#child.pid);
    if (!(await this.#answers())) {
      await this.stop();
      throw new Error(`${peer.title} did not start\n${readFileSync(logFile, "utf8").slice(-2000)}`);
    }
    this.startMs = performance.now() - started;
  }

  /** Another process on the same data, with nothing in its memory. */
  async restart() {
    await this.#end();
    await this.#begin();
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Replaces its configuration while it serves, as Berth can. */
  reconfigure(text) {
    writeFileSync(this.#configFile, text);
    this.#child.kill("SIGHUP");
  }

  async stop() {
    await this.#end();
    process.off("exit", this.#kill);
  }

  /** SIGTERM first: a CPU profile is only written by a process that ends by itself. */
  async #end() {
    if (!this.#isRunning) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const late = setTimeout(this.#kill, stopLimitMs);
    await ended;
    clearTimeout(late);
  }

  get #isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #kill = () => {
    this.#child.kill("SIGKILL");
  };

  async #answers() {
    const deadline = performance.now() + startLimitMs;
    while (this.#isRunning && performance.now() < deadline) {
      // 401 with access control.
      if ([200, 401].includes(await statusOf(`${this.url}/v2/`))) return true;
      await sleep(pollMs);
    }
    return false;
  }
}

/** Settings of this shell must not reach the peers. */
function foreignEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(REGISTRY|BERTH|OTEL)_/.test(key)));
}

function statusOf(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      response.on("close", () => resolve(response.statusCode));
    });
    request.on("error", () => resolve(undefined));
  });
}

export async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}
