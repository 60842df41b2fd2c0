import type { ObjectStat, Withdrawal } from "../../driver.js";
import { placesWhenMoved } from "../moved-aside.js";
import type { DiskOrders } from "./disk-orders.js";
import type { DiskStep } from "./disk-steps.js";
import { type KeyPaths, lstatOf } from "./key-paths.js";
import { changing, ifPresent } from "./system-error.js";

/** What a withdrawal needs from its driver. */
interface Surroundings {
  readonly orders: DiskOrders;
  readonly paths: KeyPaths;
  stat(key: string): Promise<ObjectStat | undefined>;
}

/** Withdraws by a rename: only one process gets a file, and what is written in its place is a new file. */
export class FileWithdrawal implements Withdrawal {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  placesOf(key: string, note: string): readonly string[] {
    return placesWhenMoved(key, note);
  }

  async withdraw(key: string, note: string): Promise<ObjectStat | undefined> {
    const isThere = (await this.#around.stat(key)) !== undefined && (await this.#move(key, note));
    // Of the file that was moved: another one may have replaced it just before.
    return isThere ? this.#around.stat(note) : undefined;
  }

  /** What was stored in its place meanwhile is newer, and stays: damaged bytes may be withdrawn, too. */
  async release(key: string, note: string): Promise<void> {
    if (await this.keep(key, note)) await this.erase(key, note);
  }

  erase(_key: string, note: string): Promise<void> {
    return this.#around.orders.remove([note]);
  }

  async keep(key: string, note: string): Promise<boolean> {
    const isThere = async () => (await this.#around.stat(key)) !== undefined;
    // Checked again at the end: another process may have put it back in between.
    return (await isThere()) || (await this.#move(note, key)) || (await isThere());
  }

  /** @returns whether the file existed */
  #move(from: string, to: string): Promise<boolean> {
    return changing(async () => {
      const { orders, paths } = this.#around;
      const [source, target] = [paths.toChange(from), paths.toChange(to)];
      if (lstatOf(source) === undefined) return false;
      const step: DiskStep = { kind: "move", from: source, to: target, aside: orders.scratchFor(target) };
      return (await ifPresent(() => orders.order([step]).then(() => true))) ?? false;
    });
  }
}
