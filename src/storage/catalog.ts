import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout, repositoryFolders } from "./layout.js";

interface KnownCatalog {
  readonly generation: string | undefined;
  readonly walkedAtMs: number;
  /** Names of the repositories that hold manifests, in code point order. */
  readonly names: readonly RepositoryName[];
  /** Those and the ones that hold blobs only. */
  readonly holders: ReadonlySet<RepositoryName>;
}

/** How long a repository that a program other than Berth wrote may stay unseen. */
const trustedForMs = 5_000;

/** The walk lets other work run each time after so many folders. */
const foldersPerTurn = 500;

/** Which repositories there are. The tree is walked only when a repository came into being since, in whichever process. */
export class Catalog {
  readonly #driver: StorageDriver;
  readonly #announced = new Set<RepositoryName>();
  #known: KnownCatalog | undefined;
  #walking: { generation: string | undefined; result: Promise<KnownCatalog> } | undefined;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Names of the repositories that hold manifests, in code point order; the same array as long as nothing changed. */
  async names(): Promise<readonly RepositoryName[]> {
    return (await this.#current()).names;
  }

  /** All repositories that hold something, those without a manifest included. */
  async holders(): Promise<ReadonlySet<RepositoryName>> {
    return (await this.#current()).holders;
  }

  /** To be called once a repository got content: tells every process about it if it is new. */
  async announce(name: RepositoryName): Promise<void> {
    if (this.#announced.has(name)) return;
    await this.#driver.write({ key: layout.catalogGeneration, content: Buffer.from(randomUUID()) });
    this.#announced.add(name);
  }

  async #current(): Promise<KnownCatalog> {
    const generation = await this.#generation();
    const known = this.#known;
    if (generation !== undefined && known?.generation === generation && isFresh(known)) return known;
    if (this.#walking === undefined) return this.#startWalk(generation);
    if (generation !== undefined && this.#walking.generation === generation) return this.#walking.result;
    // The walk that runs may have passed by where the new repository lies.
    await this.#walking.result;
    return this.#current();
  }

  /** `undefined` while it changes too fast to be told apart. */
  async #generation(): Promise<string | undefined> {
    const stat = await this.#driver.stat(layout.catalogGeneration);
    return stat === undefined ? "none" : stat.version;
  }

  #startWalk(generation: string | undefined): Promise<KnownCatalog> {
    const result = this.#walk(generation).finally(() => {
      this.#walking = undefined;
    });
    this.#walking = { generation, result };
    return result;
  }

  async #walk(generation: string | undefined): Promise<KnownCatalog> {
    const walkedAtMs = Date.now();
    const names: RepositoryName[] = [];
    const holders = new Set<RepositoryName>();
    for await (const { name, folders } of walkRepositories(this.#driver)) {
      if (folders.includes(repositoryFolders.manifests)) names.push(name);
      holders.add(name);
    }
    this.#known = { generation, walkedAtMs, names: keepIfEqual(this.#known?.names, names.sort()), holders };
    return this.#known;
  }
}

/** Every folder that a repository lies in, with the names of what it holds. */
export async function* walkRepositories(
  driver: StorageDriver,
): AsyncIterable<{ name: RepositoryName; folders: readonly string[] }> {
  const pending = [""];
  for (let walked = 1, path = pending.pop(); path !== undefined; path = pending.pop(), walked++) {
    const children = await driver.list(path === "" ? layout.repositories : `${layout.repositories}/${path}`);
    if (isRepositoryName(path) && children.some(isOfRepository)) yield { name: path, folders: children };
    for (const child of children) {
      const below = pathBelow(path, child);
      if (isRepositoryName(below)) pending.push(below);
    }
    if (walked % foldersPerTurn === 0) await setImmediate();
  }
}

function pathBelow(path: string, child: string): string {
  return path === "" ? child : `${path}/${child}`;
}

/** No component of a name starts with an underscore, and all that a repository holds does. */
function isOfRepository(child: string): boolean {
  return child.startsWith("_");
}

function isFresh(known: KnownCatalog): boolean {
  return Date.now() - known.walkedAtMs < trustedForMs;
}

function keepIfEqual(before: readonly RepositoryName[] | undefined, now: RepositoryName[]): readonly RepositoryName[] {
  return before?.length === now.length && before.every((name, index) => name === now[index]) ? before : now;
}
