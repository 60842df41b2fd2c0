import { rm } from "node:fs/promises";
import type { ConditionalWrites, ObjectStat, StorageDriver } from "../../driver.js";
import type { ObjectContent } from "../../staging.js";
import type { DiskOrders } from "./disk-orders.js";
import type { KeyPaths } from "./key-paths.js";
import { changing, hasCode, ifPresent } from "./system-error.js";

/** What conditional writes need from their driver. */
interface Surroundings extends Pick<StorageDriver, "withLock"> {
  readonly orders: DiskOrders;
  readonly paths: KeyPaths;
  stat(key: string): Promise<ObjectStat | undefined>;
}

/** Conditional writes on files. The file system decides whether a name is free; a lock decides about versions. */
export class ConditionalFiles implements ConditionalWrites {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async writeIfAbsent({ key, content }: ObjectContent): Promise<boolean> {
    const { orders, paths } = this.#around;
    const to = paths.toChange(key);
    const from = orders.scratchFor(to);
    try {
      await orders.order([
        { kind: "write", path: from, content: new Uint8Array(content) },
        { kind: "rename-if-free", from, to, aside: orders.scratchFor(to) },
      ]);
      return true;
    } catch (error) {
      await rm(from, { force: true }).catch(() => {});
      if (hasCode(error, "EEXIST")) return false;
      return changing(() => Promise.reject(error));
    }
  }

  /**
   * The lock orders conditional writers. Emptying an object is safe even beside other writers: only the file that was
   * looked at is emptied, not one that has replaced it.
   */
  async writeIfVersion(object: ObjectContent, version: string): Promise<boolean> {
    const { key, content } = object;
    if (content.length === 0) return this.#empty(key, version);
    return this.#around.withLock(`version of ${key}`, async () => {
      if ((await this.#around.stat(key))?.version !== version) return false;
      await this.#around.orders.perform([], [object]);
      return true;
    });
  }

  async #empty(key: string, version: string): Promise<boolean> {
    const path = this.#around.paths.toChange(key);
    await changing(() => ifPresent(() => this.#around.orders.order([{ kind: "clear", path, version }])));
    return (await this.#around.stat(key))?.size === 0;
  }
}
