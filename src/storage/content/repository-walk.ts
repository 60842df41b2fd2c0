import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout } from "../layout.js";
import type { Lister } from "./paged-names.js";
import { PagedNames } from "./paged-names.js";

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
  lister: Lister,
  last?: string,
  root: string = layout.repositories,
  foreign: (key: string) => void = () => {},
): AsyncIterable<WalkedRepository> {
  const breaks = new EventLoopBreaks();
  const open = (path: string) => openFolder(lister, { root, path, last, foreign });
  const cursors = [await open("")];
  for (let cursor = cursors.at(-1); cursor !== undefined; cursor = cursors.at(-1)) {
    await breaks.take();
    const step = await cursor.next();
    if (step === undefined) {
      cursors.pop();
    } else if (step.isBelow) {
      cursors.push(await open(step.name));
    } else if (last === undefined || step.name > last) {
      const folders = await lister.list(`${root}/${step.name}`);
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

async function openFolder(lister: Lister, { root, path, last, foreign }: Place): Promise<FolderCursor> {
  const key = path === "" ? root : `${root}/${path}`;
  const below = path === "" ? "" : `${path}/`;
  // Of a folder that comes as a whole after the last name nothing is passed over.
  const start = last?.startsWith(below) ? (last.slice(below.length).split("/")[0] ?? "") : "";
  const isThere = async (child: string) => (await lister.list(`${key}/${child}`, { limit: 1 })).length > 0;
  const passed: string[] = [];
  for (const child of beginningsOf(start)) if (await isThere(child)) passed.push(child);
  const children = new PagedNames(lister, key, start === "" ? undefined : start);
  if (start !== "" && (await isThere(start))) children.putFirst(start);
  return new FolderCursor({ below, children, passed, foreign: (name) => foreign(`${root}/${name}`) });
}

interface Step {
  readonly name: RepositoryName;
  /** What lies below the repository comes next, else the repository itself. */
  readonly isBelow: boolean;
}

interface Folder {
  readonly below: string;
  /** From where the walk begins. */
  readonly children: PagedNames;
  /** Children that come before that, and of which what lies below comes after it; that of the last one comes first. */
  readonly passed: string[];
  readonly foreign: (name: string) => void;
}

/** Goes through the children of a folder in the order of names. */
class FolderCursor {
  readonly #folder: Folder;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  async next(): Promise<Step | undefined> {
    const { below, children, passed: passedBy, foreign } = this.#folder;
    for (;;) {
      const passed = passedBy.at(-1);
      const child = await children.first();
      const isBelow = passed !== undefined && (child === undefined || `${passed}/` < child);
      const taken = isBelow ? passed : child;
      if (taken === undefined) return undefined;
      if (isBelow) passedBy.pop();
      else children.take();
      const name = `${below}${taken}`;
      if (!isRepositoryName(name)) {
        if (!isOfRepository(taken)) foreign(name);
        continue;
      }
      if (!isBelow) passedBy.push(taken);
      return { name, isBelow };
    }
  }

  /** Nothing lies below the child that came last. */
  passBelow(): void {
    this.#folder.passed.pop();
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
