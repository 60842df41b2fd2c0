import { rm } from "node:fs/promises";
import type { ConditionalWrites, ObjectStat, StorageDriver } from "../../driver.js";
import type { ObjectContent } from "../../staging.js";
import type { DiskOrders } from "./disk-orders.js";
import type { KeyPaths } from "./key-paths.js";
import { changing, hasCode, ifPresent } from "./system-error.js";

/** What conditional writes need of the driver they belong to. */
interface Surroundings extends Pick<StorageDriver, "withLock"> {
  readonly orders: DiskOrders;
  readonly paths: KeyPaths;
  stat(key: string): Promise<ObjectStat | undefined>;
}

/** Conditional writes on files. That a name is free is decided by the file system, versions by a lock. */
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
   * Among conditional writers the lock decides. Emptying an object is safe beside all others, too: the file that was looked
   * at is emptied, and none that has replaced it.
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
