import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("hostile-process.mjs", import.meta.url));

/** The process that attacks, and is the hostile upstream. */
export class HostileSide {
  upstreamUrl;
  #process;

  static async start() {
    const side = new HostileSide();
    side.#process = fork(program);
    [{ url: side.upstreamUrl }] = await once(side.#process, "message");
    return side;
  }

  begin(name, { port, prepared }) {
    this.#process.send({ begin: name, port, prepared });
  }

  /** Burns this share of a core until the end, without attacking. */
  burn(share) {
    this.#process.send({ burn: share });
  }

  /** Waits, for a limited time, until the attack has ended. @returns the share of a core that it needed, if known */
  async end() {
    const ended = once(this.#process, "message");
    this.#process.send({ end: true });
    const [report] = await Promise.race([ended, delay(5000, [{}])]);
    return report.cpu;
  }

  async stop() {
    const exited = once(this.#process, "exit");
    this.#process.disconnect();
    await exited;
  }
}
