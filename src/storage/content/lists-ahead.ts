import type { NamesWanted } from "../driver.js";
import type { Lister } from "./paged-names.js";

/** Lists that will be asked for next, begun before: of a distant store, a walk would wait for one after another. */
export class ListsAhead implements Lister {
  readonly #lister: Lister;
  readonly #begun = new Map<string, Promise<readonly string[]>>();

  constructor(lister: Lister) {
    this.#lister = lister;
  }

  /** Begins lists of whole folders, where that saves time. */
  begin(keys: readonly string[]): void {
    if (this.#lister.statRecently === undefined) return;
    for (const key of keys) {
      if (this.#begun.has(key)) continue;
      const list = this.#lister.list(key);
      // Its failure is thrown to the caller that asks for it.
      list.catch(() => {});
      this.#begun.set(key, list);
    }
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    const begun = wanted === undefined ? this.#begun.get(key) : undefined;
    this.#begun.delete(key);
    return begun ?? this.#lister.list(key, wanted);
  }
}
