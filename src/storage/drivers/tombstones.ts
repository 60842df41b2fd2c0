import { setTimeout as delay } from "node:timers/promises";
import { StorageError } from "../../oci/storage-error.js";
import type { ObjectStat, StorageDriver, Withdrawal } from "../driver.js";

type Objects = Pick<StorageDriver, "stat" | "write" | "remove">;

interface Patience {
  /** How often to look for the end of a withdrawal, in milliseconds. */
  readonly lookEachMs: number;
  readonly giveUpAfterMs: number;
}

/**
 * Withdrawals for a store without renames or conditional writes: the object stays where it is, and a tombstone says
 * that it may be deleted soon. A user of the object cannot take the tombstone back, and so waits for the end.
 */
export class Tombstones implements Withdrawal {
  readonly #objects: Objects;
  readonly #patience: Patience;

  constructor(objects: Objects, patience: Patience) {
    this.#objects = objects;
    this.#patience = patience;
  }

  placesOf(key: string): readonly string[] {
    return [key];
  }

  async withdraw(key: string, note: string): Promise<ObjectStat | undefined> {
    if ((await this.#objects.stat(key)) === undefined) return undefined;
    await this.#objects.write({ key: note, content: Buffer.from(key) });
    // Read now, when nobody can replace it unseen.
    return this.#objects.stat(key);
  }

  release(_key: string, note: string): Promise<void> {
    return this.#objects.remove(note);
  }

  async erase(key: string, note: string): Promise<void> {
    if ((await this.#objects.stat(note)) === undefined) return;
    await this.#objects.remove(key);
    // Last: until then, nobody may assume that what is stored there stays.
    await this.#objects.remove(note);
  }

  async keep(key: string, note: string): Promise<boolean> {
    const { lookEachMs, giveUpAfterMs } = this.#patience;
    const deadline = performance.now() + giveUpAfterMs;
    while ((await this.#objects.stat(note)) !== undefined) {
      if (performance.now() > deadline) throw new StorageError("busy", `the removal of ${key} takes too long`);
      await delay(lookEachMs);
    }
    return (await this.#objects.stat(key)) !== undefined;
  }
}
