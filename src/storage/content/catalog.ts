import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { isOfRepository, layout } from "../layout.js";

/** The walk lets other work run each time after so many folders. */
const foldersPerTurn = 500;

/** Tells every process when a repository has come into being, so that none shows an old list of them. */
export class Catalog {
  readonly #driver: StorageDriver;
  readonly #announced = { blobs: new Set<RepositoryName>(), manifests: new Set<RepositoryName>() };

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** To be called once a repository got content of a kind: tells every process if it is the first. */
  async announce(name: RepositoryName, kind: "blobs" | "manifests"): Promise<void> {
    if (this.#announced[kind].has(name)) return;
    await this.#driver.write({ key: layout.catalogGeneration, content: Buffer.from(randomUUID()) });
    this.#announced[kind].add(name);
  }

  /** Differs whenever a repository was announced; `undefined` while it changes too fast to be told apart. */
  async generation(): Promise<string | undefined> {
    const stat = await this.#driver.stat(layout.catalogGeneration);
    return stat === undefined ? "none" : stat.version;
  }
}

/**
 * Every folder that a repository lies in, with the names of what it holds.
 * @param root what lies there by names of repositories
 * @param passBy gets the keys of what has no name of a repository, and is not walked
 */
export async function* walkRepositories(
  driver: StorageDriver,
  root: string = layout.repositories,
  passBy: (key: string) => void = () => {},
): AsyncIterable<{ name: RepositoryName; folders: readonly string[] }> {
  const pending = [""];
  for (let walked = 1, path = pending.pop(); path !== undefined; path = pending.pop(), walked++) {
    const children = await driver.list(pathBelow(root, path));
    if (isRepositoryName(path) && children.some(isOfRepository)) yield { name: path, folders: children };
    for (const child of children) {
      const below = pathBelow(path, child);
      if (isRepositoryName(below)) pending.push(below);
      else if (!isOfRepository(child)) passBy(`${root}/${below}`);
    }
    if (walked % foldersPerTurn === 0) await setImmediate();
  }
}

function pathBelow(path: string, child: string): string {
  return path === "" || child === "" ? path + child : `${path}/${child}`;
}
