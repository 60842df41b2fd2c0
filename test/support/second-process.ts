import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Scope } from "./scope.js";
import type { Answer, Order, Wish } from "./second-process/protocol.js";

/** Another process with its own driver on the same data directory. */
export class SecondProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #orders = 0;

  static async start(scope: Scope, root: string): Promise<SecondProcess> {
    const child = fork(fileURLToPath(new URL("./second-process/main.js", import.meta.url)), [root]);
    scope.defer(() => child.kill("SIGKILL"));
    await once(child, "message");
    return new SecondProcess(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: Answer) => {
      this.#waiting.get(answer.order)?.(answer);
      this.#waiting.delete(answer.order);
    });
  }

  async write(key: string, text: string): Promise<void> {
    await this.#ask({ do: "write", key, text });
  }

  async remove(key: string): Promise<void> {
    await this.#ask({ do: "remove", key });
  }

  /** Holds the lock when this resolves, and until it is told to release it. */
  async lock(name: string): Promise<void> {
    await this.#ask({ do: "lock", name });
  }

  async unlock(name: string): Promise<void> {
    await this.#ask({ do: "unlock", name });
  }

  /** As the system does when memory is short: nothing is released. */
  async kill(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  async #ask(wish: Wish): Promise<void> {
    const order = ++this.#orders;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(order, resolve);
      this.#child.send({ order, wish } satisfies Order);
    });
    if (answer.failure !== undefined) throw new Error(answer.failure);
  }
}
