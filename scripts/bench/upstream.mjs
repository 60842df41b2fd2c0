import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Layout } from "./layout.mjs";

const program = fileURLToPath(new URL("upstream/serve.mjs", import.meta.url));

/**
 * Runs `work` with an upstream that serves what `seed` stored, and removes both.
 * @template T
 * @param {{ folder: string, seed: (layout: Layout) => void }} options
 * @param {(upstream: Upstream) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withUpstream({ folder, seed }, work) {
  const data = join(mkdtempSync(join(folder, "upstream-")), "data");
  try {
    mkdirSync(data);
    const layout = new Layout(data);
    seed(layout);
    const upstream = await Upstream.start(data, layout);
    try {
      return await work(upstream);
    } finally {
      await upstream.stop();
    }
  } finally {
    rmSync(join(data, ".."), { recursive: true, force: true });
  }
}

/** A registry for the caches. */
class Upstream {
  port;
  #layout;
  #child;

  static async start(data, layout) {
    const child = fork(program, [data]);
    const upstream = new Upstream(child, layout);
    const [started] = await Promise.race([once(child, "message"), once(child, "exit")]);
    if (started?.port === undefined) throw new Error("the upstream did not start");
    upstream.port = started.port;
    return upstream;
  }

  constructor(child, layout) {
    this.#child = child;
    this.#layout = layout;
    process.prependListener("exit", this.#kill);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The file of a blob's bytes, for clients that compare. */
  blobFile(digest) {
    return this.#layout.blobFile(digest);
  }

  /** What was requested and sent since the last call. */
  takeCounts() {
    return this.#tell({ reset: true });
  }

  /** Limits all responses together, from now on. */
  async limitTo(bytesPerSecond) {
    await this.#tell({ bytesPerSecond });
  }

  /** As behind a firewall that drops packets: connections can be opened, and nothing ever arrives. */
  vanish() {
    this.#child.kill("SIGSTOP");
  }

  async stop() {
    const ended = once(this.#child, "exit");
    this.#kill();
    await ended;
    process.off("exit", this.#kill);
  }

  async #tell(message) {
    const answer = once(this.#child, "message");
    this.#child.send(message);
    const [counts] = await answer;
    return counts;
  }

  #kill = () => {
    this.#child.kill("SIGKILL");
  };
}
