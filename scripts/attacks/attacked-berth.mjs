import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A Berth with one process in mode: hybrid, with the hostile registry as its upstream. */
export class AttackedBerth {
  #process;

  /**
   * @param root its data directory; by default one in the folder
   * @param server settings of the section `server`
   */
  static async start({ folder, upstreamUrl, root = join(folder, "data"), server = {} }) {
    const port = await freePort();
    const file = join(folder, "berth.yml");
    const config = {
      mode: "hybrid",
      server: { port, ...server },
      storage: { filesystem: { root } },
      private: { repositories: ["own/**"] },
      proxy: {
        default: null,
        maxSize: "1GiB",
        upstreams: [{ name: "hostile.example", url: upstreamUrl, network: "private" }],
      },
      log: { level: "error" },
    };
    await writeFile(file, JSON.stringify(config));
    const process_ = spawn(process.execPath, [main, "serve", "--config", file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const berth = new AttackedBerth(port, process_);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await isReady(port, server.tls !== undefined)) return berth;
      if (process_.exitCode !== null) break;
      await delay(100);
    }
    process_.kill("SIGKILL");
    throw new Error("Berth did not start");
  }

  constructor(port, process_) {
    this.port = port;
    this.#process = process_;
    process.once("exit", () => process_.kill("SIGKILL"));
  }

  openFiles() {
    return readdirSync(`/proc/${this.#process.pid}/fd`).length;
  }

  peakMebibytes() {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "latin1");
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  signal(name) {
    this.#process.kill(name);
  }

  /** @returns whether it has ended by then */
  async endsWithin(ms) {
    if (this.#process.exitCode === null) await Promise.race([once(this.#process, "exit"), delay(ms)]);
    return this.#process.exitCode !== null;
  }

  async stop() {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}

/** If it has a certificate, it is one that no one trusts. */
function isReady(port, hasTls) {
  const ask = hasTls ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    ask({ host: "127.0.0.1", port, path: "/readyz", agent: false, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    })
      .on("error", () => resolve(false))
      .end();
  });
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
