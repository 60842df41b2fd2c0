import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { isOfRepository, layout, repositoryFolders } from "./layout.js";

interface KnownCatalog {
  readonly generation: string | undefined;
  readonly walkedAtMs: number;
  /** Names of the repositories that hold manifests, in code point order. */
  readonly names: readonly RepositoryName[];
}

/** How long a repository that a program other than Berth wrote may stay unseen. */
const trustedForMs = 5_000;

/** The walk lets other work run each time after so many folders. */
const foldersPerTurn = 500;

/** Which repositories there are. The tree is walked only when a repository came into being since, in whichever process. */
export class Catalog {
  readonly #driver: StorageDriver;
  readonly #announced = { blobs: new Set<RepositoryName>(), manifests: new Set<RepositoryName>() };
  #known: KnownCatalog | undefined;
  #walk: Promise<unknown> = Promise.resolve();
  #nextWalk: Promise<KnownCatalog> | undefined;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Names of the repositories that hold manifests, in code point order; the same array as long as nothing changed. */
  async names(): Promise<readonly RepositoryName[]> {
    return (await this.#current()).names;
  }

  /** To be called once a repository got content of a kind: tells every process if it is the first. */
  async announce(name: RepositoryName, kind: "blobs" | "manifests"): Promise<void> {
    if (this.#announced[kind].has(name)) return;
    await this.#driver.write({ key: layout.catalogGeneration, content: Buffer.from(randomUUID()) });
    this.#announced[kind].add(name);
  }

  async #current(): Promise<KnownCatalog> {
    const known = this.#known;
    if (known?.generation !== undefined && known.generation === (await this.generation()) && isFresh(known))
      return known;
    // A walk that runs may have passed by where the new repository lies: only one that starts from now on will do.
    this.#nextWalk ??= this.#startWalk();
    return this.#nextWalk;
  }

  /** `undefined` while it changes too fast to be told apart. */
  async generation(): Promise<string | undefined> {
    const stat = await this.#driver.stat(layout.catalogGeneration);
    return stat === undefined ? "none" : stat.version;
  }

  /** Once the walk that runs has ended, however it does. */
  async #startWalk(): Promise<KnownCatalog> {
    await this.#walk.catch(() => {});
    const walk = this.#walkAll();
    this.#walk = walk;
    this.#nextWalk = undefined;
    return walk;
  }

  async #walkAll(): Promise<KnownCatalog> {
    const walkedAtMs = performance.now();
    const generation = await this.generation();
    const names: RepositoryName[] = [];
    for await (const { name, folders } of walkRepositories(this.#driver)) {
      if (folders.includes(repositoryFolders.manifests)) names.push(name);
    }
    this.#known = { generation, walkedAtMs, names: keepIfEqual(this.#known?.names, names.sort()) };
    return this.#known;
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

function isFresh(known: KnownCatalog): boolean {
  return performance.now() - known.walkedAtMs < trustedForMs;
}

function keepIfEqual(before: readonly RepositoryName[] | undefined, now: RepositoryName[]): readonly RepositoryName[] {
  return before?.length === now.length && before.every((name, index) => name === now[index]) ? before : now;
}
