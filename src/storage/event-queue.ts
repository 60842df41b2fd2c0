import { randomBytes } from "node:crypto";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** An event takes at least one block of the disk. */
const blockBytes = 4096;

/** Events that wait for their receivers: an object each, whose name tells its place and its size. */
export class EventQueue {
  readonly #driver: StorageDriver;
  /** Microseconds since 1970; never the same twice. */
  #lastStamp = 0;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Keeps one event for several receivers, in one durable change, behind all that this machine has kept. */
  async add(receivers: readonly string[], content: Buffer): Promise<void> {
    this.#lastStamp = Math.max(Date.now() * 1000, this.#lastStamp + 1);
    const stamp = String(this.#lastStamp).padStart(17, "0");
    const name = `${stamp}-${randomBytes(4).toString("hex")}-${content.length}`;
    await this.#driver.write(...receivers.map((receiver) => ({ key: layout.event(receiver, name), content })));
  }

  /** Names of the oldest, in their order. */
  async oldest(receiver: string, limit?: number): Promise<readonly string[]> {
    return this.#driver.list(layout.eventsOf(receiver), limit === undefined ? undefined : { limit });
  }

  async read(receiver: string, name: string): Promise<Buffer | undefined> {
    return this.#driver.read(layout.event(receiver, name));
  }

  async remove(receiver: string, names: readonly string[]): Promise<void> {
    await this.#driver.remove(...names.map((name) => layout.event(receiver, name)));
  }

  /** Puts an event in the place of others, the last of which it takes. */
  async replace(receiver: string, names: readonly string[], content: Buffer): Promise<void> {
    const last = names.at(-1);
    if (last === undefined) return;
    await this.#driver.write({ key: layout.event(receiver, last), content });
    await this.remove(receiver, names.slice(0, -1));
  }

  /** Removes what waits for receivers that are not among these. */
  async keepOnly(receivers: readonly string[]): Promise<void> {
    const kept = new Set(receivers.map((receiver) => layout.eventsOf(receiver).split("/").at(-1)));
    for (const folder of await this.#driver.list(layout.events))
      if (!kept.has(folder)) await this.#driver.remove(`${layout.events}/${folder}`);
  }
}

/** Bytes of the disk that an event takes, by its name. */
export function diskBytesOf(name: string): number {
  const size = Number(name.split("-").at(-1));
  return Math.ceil(Math.max(size, 1) / blockBytes) * blockBytes;
}
