import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout } from "../layout.js";
import { ListsAhead } from "./lists-ahead.js";
import type { Lister } from "./paged-names.js";
import { PagedNames } from "./paged-names.js";

export interface WalkedRepository {
  readonly name: RepositoryName;
  /** Names of its children: its own parts ({@link isOfRepository}), and repositories below it. */
  readonly folders: readonly string[];
}

/** Repositories that are listed while the caller looks at one, where a list takes long. */
const listedAhead = 12;

/**
 * All folders that contain a repository, in code point order of the names, where `a-b` comes before `a/b`, although a
 * tree has everything below `a` together. Reads only as much of the tree as the caller takes, however large it is.
 * @param last only names after this one; earlier ones are not read
 * @param root the key that contains the repositories
 * @param foreign gets the keys of folders that are not named as a repository; they are not walked
 */
export async function* repositoriesAfter(
  lister: Lister,
  last?: string,
  root: string = layout.repositories,
  foreign: (key: string) => void = () => {},
): AsyncIterable<WalkedRepository> {
  const breaks = new EventLoopBreaks();
  const ahead = new ListsAhead(lister);
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
      ahead.begin(cursor.key, [cursor.childOf(step.name), ...cursor.upcoming(listedAhead)]);
      const folders = await ahead.list(`${root}/${step.name}`);
      if (folders.every(isOfRepository)) cursor.passBelow();
      if (folders.some(isOfRepository)) yield { name: step.name, folders };
    }
  }
}

interface Place {
  readonly root: string;
  /** Relative to the root; empty for the root itself. */
  readonly path: string;
  readonly last: string | undefined;
  readonly foreign: (key: string) => void;
}

async function openFolder(lister: Lister, { root, path, last, foreign }: Place): Promise<FolderCursor> {
  const key = path === "" ? root : `${root}/${path}`;
  const below = path === "" ? "" : `${path}/`;
  // A folder that comes after the last name as a whole is read from its beginning.
  const start = last?.startsWith(below) ? (last.slice(below.length).split("/")[0] ?? "") : "";
  // `last` is any text of a client's: only what can be a name is ever a key.
  const isThere = async (child: string) =>
    isRepositoryName(below + child) && (await lister.list(`${key}/${child}`, { limit: 1 })).length > 0;
  const passed: string[] = [];
  for (const child of beginningsOf(start)) if (await isThere(child)) passed.push(child);
  const children = new PagedNames(lister, key, start === "" ? undefined : start);
  if (start !== "" && (await isThere(start))) children.putFirst(start);
  return new FolderCursor({ key, below, children, passed, foreign: (name) => foreign(`${root}/${name}`) });
}

interface Step {
  readonly name: RepositoryName;
  /** Whether the next step goes below the repository, rather than to the repository itself. */
  readonly isBelow: boolean;
}

interface Folder {
  readonly key: string;
  readonly below: string;
  /** Where the walk starts. */
  readonly children: PagedNames;
  /** Earlier children with descendants that come after the start; the descendants of the last child come first. */
  readonly passed: string[];
  readonly foreign: (name: string) => void;
}

/** Walks over the children of a folder in the order of names. */
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

  get key(): string {
    return this.#folder.key;
  }

  childOf(name: RepositoryName): string {
    return name.slice(this.#folder.below.length);
  }

  /** Children that come next and may be repositories, as far as they are known. */
  upcoming(count: number): readonly string[] {
    const { below, children } = this.#folder;
    return children.upcoming(count).filter((child) => isRepositoryName(`${below}${child}`));
  }

  /** Nothing is below the latest child. */
  passBelow(): void {
    this.#folder.passed.pop();
  }
}

/** Prefixes that sort before a name while their descendants sort after it: `a` for `a-b`, since `a-b` < `a/`. */
function beginningsOf(name: string): string[] {
  const beginnings: string[] = [];
  for (let length = 1; length < name.length; length++) {
    if ((name[length] ?? "/") < "/") beginnings.push(name.slice(0, length));
  }
  return beginnings;
}
