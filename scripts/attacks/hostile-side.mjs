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

  /** Waits, for a limited time, until the attack has ended. */
  async end() {
    const ended = once(this.#process, "message");
    this.#process.send({ end: true });
    await Promise.race([ended, delay(5000)]);
  }

  async stop() {
    const exited = once(this.#process, "exit");
    this.#process.disconnect();
    await exited;
  }
}
