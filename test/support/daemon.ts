import { type ChildProcess, spawn } from "node:child_process";
import { toolPath } from "./project.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

const outputKept = 4 * 1024 * 1024;

export interface Exit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A program that runs during a test until it is stopped. It ends with the test's process, however that ends. */
export class Daemon {
  readonly name: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = "";
  #exit: Exit | undefined;

  constructor(scope: Scope, name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    const command = ["--pdeathsig", "KILL", toolPath(name), ...args];
    this.#child = spawn(toolPath("setpriv"), command, { env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-outputKept);
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => {
        this.#exit = { code: code ?? undefined, signal: signal ?? undefined };
        resolve(this.#exit);
      });
    });
    scope.defer(() => this.stop());
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} was not started`);
    return this.#child.pid;
  }

  /** The end of its output. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Waits until `ask` finds something; fails at once, with the program's output, if the program ends meanwhile. */
  ready<Found>(ask: () => Promise<Found | undefined>, deadlineMs = 30_000): Promise<Found> {
    return waitUntil(
      `${this.name} answers`,
      () => {
        if (this.isRunning) return ask();
        throw new Error(`${this.name} ended with ${JSON.stringify(this.#exit)}:\n${this.#output}`);
      },
      deadlineMs,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As in a power failure. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** Tells it to end, and kills it if it has not ended after `graceMs`. */
  async stop(graceMs = 20_000): Promise<Exit> {
    this.signal("SIGTERM");
    const force = setTimeout(() => this.signal("SIGKILL"), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(force);
    }
  }
}
