import type { KeysFound } from "../driver.js";

/** The children of those folders, all in one, of which an answer holds all keys. */
export class FoundFolders {
  readonly #first: string;
  readonly #last: string | undefined;
  readonly #children = new Map<string, Set<string>>();

  /** @param first the folder with whose keys the answer begins */
  constructor(first: string, { keys, isEnd }: KeysFound) {
    this.#first = first;
    this.#last = isEnd ? undefined : (keys.at(-1)?.split("/", 1)[0] ?? first);
    for (const each of keys) {
      const [folder = "", child = ""] = each.split("/", 2);
      const children = this.#children.get(folder) ?? new Set();
      this.#children.set(folder, children.add(child));
    }
  }

  /** How many folders it has whole. */
  get count(): number {
    return this.#children.size - (this.#last === undefined ? 0 : 1);
  }

  /** In code point order; `undefined` if the answer may not hold all of them. */
  children(folder: string): readonly string[] | undefined {
    if (`${folder}/` < `${this.#first}/`) return undefined;
    if (this.#last !== undefined && `${folder}/` >= `${this.#last}/`) return undefined;
    return [...(this.#children.get(folder) ?? [])].filter((child) => child !== "").sort();
  }
}
