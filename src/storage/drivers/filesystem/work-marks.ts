import { randomUUID } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { lifeOf, self } from "./lock-owner.js";
import { makeFoldersAside } from "./make-folders.js";
import { type OwnerFiles, ownerOf } from "./owner-files.js";
import { ifPresent } from "./system-error.js";

const renewedEachMs = 10_000;

/** If the owner is not visible from here, a mark that was not renewed for this long counts as abandoned. */
const staleMs = 35_000;

/** Marks of processes that use a data directory: they name their owners, as locks do, but each process has its own. */
export class WorkMarks {
  readonly #folder: string;
  readonly #files: OwnerFiles;

  constructor(folder: string, files: OwnerFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  /** @returns a function that removes the mark */
  async set(): Promise<() => Promise<void>> {
    await makeFoldersAside(this.#folder);
    for (const path of await this.#paths()) if (!(await this.#isOfSomebody(path))) await this.#files.remove(path);
    const path = join(this.#folder, randomUUID());
    await this.#files.create(path, self);
    const timer = setInterval(() => {
      // If it cannot be renewed, it was deleted, and so was the data directory.
      this.#files.renew(path, self, new Date()).catch(() => {});
    }, renewedEachMs).unref();
    return async () => {
      clearInterval(timer);
      await this.#files.remove(path);
    };
  }

  /** Whether there is a mark whose owner is running, or may be. */
  async isAnySet(): Promise<boolean> {
    for (const path of await this.#paths()) if (await this.#isOfSomebody(path)) return true;
    return false;
  }

  async #paths(): Promise<string[]> {
    const names = (await ifPresent(() => readdir(this.#folder))) ?? [];
    return names.map((name) => join(this.#folder, name));
  }

  /** If the owner is not visible from here, or not yet written, the mark's age decides. */
  async #isOfSomebody(path: string): Promise<boolean> {
    const owner = await ownerOf(path);
    const life = owner === undefined ? "unknown" : lifeOf(owner);
    if (life !== "unknown") return life === "running";
    const stat = await ifPresent(() => lstat(path));
    return stat !== undefined && Date.now() - stat.mtimeMs <= staleMs;
  }
}
