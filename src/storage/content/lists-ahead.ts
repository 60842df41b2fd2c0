import { BoundedMap } from "../../foundation/bounded-map.js";
import { FoundFolders } from "./found-folders.js";
import type { Lister } from "./paged-names.js";

/** Fewer folders than this in one answer are no gain: they are listed one by one for a while, several at once. */
const worthwhile = 12;
const listedOneByOne = 100;

/** Reading a long answer takes time, and many callers want little. */
const firstKeys = 250;
const mostKeys = 1_000;

/** Folders whose children are being walked: each is in the one before. */
const rememberedParents = 20;

/** What was found of the children of one folder. */
interface Finding {
  found: Promise<FoundFolders> | undefined;
  /** How many more are listed one by one. */
  oneByOne: number;
  /** How many keys are asked for next. */
  keys: number;
}

/**
 * Lists of folders that will be asked for next, begun before: of a distant store, a walk would wait for one after
 * another. Where folders hold little, one request brings the keys of hundreds.
 */
export class ListsAhead implements Lister {
  readonly #lister: Lister;
  readonly #begun = new Map<string, Promise<readonly string[]>>();
  readonly #findings = new BoundedMap<string, Finding>(rememberedParents);

  constructor(lister: Lister) {
    this.#lister = lister;
  }

  /** Begins lists of whole folders, where that saves time. @param children of the key, in the order of the walk */
  begin(key: string, children: readonly string[]): void {
    if (this.#lister.statRecently === undefined) return;
    for (const child of children) {
      const folder = `${key}/${child}`;
      if (this.#begun.has(folder)) continue;
      const list = this.#begin(key, child);
      // Its failure is thrown to the caller that asks for it.
      list.catch(() => {});
      this.#begun.set(folder, list);
    }
  }

  list(key: string, wanted?: Parameters<Lister["list"]>[1]): Promise<readonly string[]> {
    const begun = wanted === undefined ? this.#begun.get(key) : undefined;
    this.#begun.delete(key);
    return begun ?? this.#lister.list(key, wanted);
  }

  async #begin(key: string, child: string): Promise<readonly string[]> {
    const oneByOne = () => this.#lister.list(`${key}/${child}`);
    if (this.#lister.keysFrom === undefined) return oneByOne();
    const finding = this.#findings.get(key) ?? { found: undefined, oneByOne: 0, keys: firstKeys };
    this.#findings.set(key, finding);
    const before = finding.found;
    const known = (await before)?.children(child);
    if (known !== undefined) return known;
    if (finding.oneByOne > 0) {
      finding.oneByOne--;
      return oneByOne();
    }
    // Others that waited for the same answer may have asked for the next one meanwhile.
    if (finding.found === before) finding.found = this.#find(key, child, finding);
    return (await finding.found)?.children(child) ?? oneByOne();
  }

  async #find(key: string, child: string, finding: Finding): Promise<FoundFolders> {
    const wanted = finding.keys;
    finding.keys = mostKeys;
    const answer = await this.#lister.keysFrom?.(key, child, wanted);
    const found = new FoundFolders(child, answer ?? { keys: [], isEnd: false });
    if (found.count < worthwhile && wanted === mostKeys) finding.oneByOne = listedOneByOne;
    return found;
  }
}
