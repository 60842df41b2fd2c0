import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { isOfRepository, layout } from "../layout.js";
import { Turns } from "../turns.js";

export interface WalkedRepository {
  readonly name: RepositoryName;
  /** Names of what it holds: those of {@link isOfRepository}, and of the repositories below it. */
  readonly folders: readonly string[];
}

/**
 * Every folder that a repository lies in, in code point order of the names, where `a-b` comes before `a/b`, though a tree
 * has all below `a` together. As much of the tree is read as the caller takes, however large it is.
 * @param last only names after this one; what comes before is not read
 * @param root the key below which the repositories lie
 * @param foreign gets the keys of what has no repository's name, and is not walked
 */
export async function* repositoriesAfter(
  driver: StorageDriver,
  last?: string,
  root: string = layout.repositories,
  foreign: (key: string) => void = () => {},
): AsyncIterable<WalkedRepository> {
  const turns = new Turns();
  const open = (path: string) => openFolder(driver, { root, path, last, foreign });
  const cursors = [await open("")];
  for (let cursor = cursors.at(-1); cursor !== undefined; cursor = cursors.at(-1)) {
    await turns.take();
    const step = cursor.next();
    if (step === undefined) {
      cursors.pop();
    } else if (step.isBelow) {
      cursors.push(await open(step.name));
    } else if (last === undefined || step.name > last) {
      const folders = await driver.list(`${root}/${step.name}`);
      if (folders.every(isOfRepository)) cursor.passBelow();
      if (folders.some(isOfRepository)) yield { name: step.name, folders };
    }
  }
}

interface Place {
  readonly root: string;
  /** Below the root; empty for the root itself. */
  readonly path: string;
  readonly last: string | undefined;
  readonly foreign: (key: string) => void;
}

async function openFolder(driver: StorageDriver, { root, path, last, foreign }: Place): Promise<FolderCursor> {
  const children = await driver.list(path === "" ? root : `${root}/${path}`);
  const below = path === "" ? "" : `${path}/`;
  // Of a folder that comes as a whole after the last name nothing is passed over.
  const start = last?.startsWith(below) ? last.slice(below.length).split("/")[0] : undefined;
  return new FolderCursor(below, children, start ?? "", (name) => foreign(`${root}/${name}`));
}

interface Step {
  readonly name: RepositoryName;
  /** What lies below the repository comes next, else the repository itself. */
  readonly isBelow: boolean;
}

/** Goes through the children of a folder in the order of names. */
class FolderCursor {
  readonly #below: string;
  readonly #children: readonly string[];
  readonly #foreign: (name: string) => void;
  #index: number;
  /** Children that were passed, and what lies below them not yet; the last one's comes first. */
  readonly #passed: string[];

  /** @param start the child to begin with, or before which its name would be */
  constructor(below: string, children: readonly string[], start: string, foreign: (name: string) => void) {
    this.#below = below;
    this.#foreign = foreign;
    this.#children = children;
    this.#index = firstFrom(children, start);
    this.#passed = beginningsOf(start).filter((child) => children[firstFrom(children, child)] === child);
  }

  next(): Step | undefined {
    for (;;) {
      const passed = this.#passed.at(-1);
      const child = this.#children[this.#index];
      const isBelow = passed !== undefined && (child === undefined || `${passed}/` < child);
      const taken = isBelow ? passed : child;
      if (taken === undefined) return undefined;
      if (isBelow) this.#passed.pop();
      else this.#index++;
      const name = `${this.#below}${taken}`;
      if (!isRepositoryName(name)) {
        if (!isOfRepository(taken)) this.#foreign(name);
        continue;
      }
      if (!isBelow) this.#passed.push(taken);
      return { name, isBelow };
    }
  }

  /** Nothing lies below the child that came last. */
  passBelow(): void {
    this.#passed.pop();
  }
}

/** What begins a name and comes before it, and yet has all that lies below it after it: `a` of `a-b`, since `a-b` < `a/`. */
function beginningsOf(name: string): string[] {
  const beginnings: string[] = [];
  for (let length = 1; length < name.length; length++) {
    if ((name[length] ?? "/") < "/") beginnings.push(name.slice(0, length));
  }
  return beginnings;
}

function firstFrom(sorted: readonly string[], start: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
