import { BoundedMap } from "../../foundation/bounded-map.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { isOfRepository, layout } from "../layout.js";

const rememberedOwners = 20_000;
/** Changes by `berth cache rm` or another process are noticed after this time. */
const ownersRememberedForMs = 10_000;

/** The upstream that a repository's content came from. Losing this is safe: the content then counts as private. */
export class OwnerStore {
  readonly #driver: StorageDriver;
  readonly #owners = new BoundedMap<RepositoryName, string>(rememberedOwners, ownersRememberedForMs);

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Name of the upstream that a repository's content came from; `undefined` if it was pushed, or there is none. */
  async ownerOf(name: RepositoryName): Promise<string | undefined> {
    return this.#owners.get(name) ?? this.readOwner(name);
  }

  /** The same, read from the storage: for a caller that is about to delete what is not private. */
  async readOwner(name: RepositoryName): Promise<string | undefined> {
    const owner = (await this.#driver.read(layout.cachedFrom(name)))?.toString();
    if (owner !== undefined) this.#owners.set(name, owner);
    return owner;
  }

  /** Whether any repository has an owner, or had one. */
  async ownsAny(): Promise<boolean> {
    return (await this.#driver.list(layout.cachedBelow(""), { limit: 1 })).length > 0;
  }

  /** Call it before the first content of a repository is stored. */
  async recordOwner(name: RepositoryName, upstream: string): Promise<void> {
    await this.#driver.write({ key: layout.cachedFrom(name), content: Buffer.from(upstream) });
    this.#owners.set(name, upstream);
  }

  /** The repository's content counts as private from now on. Its other records are deleted first. */
  async forgetOwner(name: RepositoryName): Promise<void> {
    const folders = [layout.tagsChecked(name), layout.manifestsTyped(name), layout.manifestsUsed(name)];
    for (const folder of folders) await this.#driver.remove(folder);
    await this.#driver.remove(layout.cachedFrom(name));
    this.#owners.delete(name);
  }

  /** All repositories whose content came from upstreams, with the upstream's name. */
  async all(): Promise<ReadonlyMap<RepositoryName, string>> {
    const owners = new Map<RepositoryName, string>();
    for await (const { path } of this.#walk()) {
      const owner = isRepositoryName(path) ? await this.ownerOf(path) : undefined;
      if (isRepositoryName(path) && owner !== undefined) owners.set(path, owner);
    }
    return owners;
  }

  /** Deletes the records of repositories that are empty. */
  async forgetGone(): Promise<void> {
    for await (const { path, children } of this.#walk()) {
      if (!isRepositoryName(path) || !children.some(isOfRepository)) continue;
      const held = await this.#driver.list(layout.repository(path));
      if (held.some(isOfRepository)) continue;
      for (const child of children.filter(isOfRepository))
        await this.#driver.remove(`${layout.cachedBelow(path)}/${child}`);
    }
  }

  /** Every folder of records, with the names of its children. */
  async *#walk(): AsyncIterable<{ readonly path: string; readonly children: readonly string[] }> {
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const children = await this.#driver.list(layout.cachedBelow(path));
      yield { path, children };
      for (const child of children) {
        const below = path === "" ? child : `${path}/${child}`;
        if (isRepositoryName(below)) pending.push(below);
      }
    }
  }
}
