import { createHash } from "node:crypto";
import { link, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { lifeOf } from "./lock-owner.js";
import { makeFoldersAside } from "./make-folders.js";
import { type OwnerFiles, ownerOf } from "./owner-files.js";
import { hasCode } from "./system-error.js";

/**
 * A link with the name of this process as its target, of which every lock is a second name (link(2)). A link of its own
 * for each lock would take an inode and free it at once, twice for each push. ext4 without a journal reuses no inode
 * for half a minute, and looks at all of those whenever it makes a file: that was a third of the CPU time of a push.
 */
export class OwnName {
  readonly path: string;
  readonly #folder: string;
  readonly #owner: string;
  readonly #files: OwnerFiles;
  #made: Promise<void> | undefined;

  constructor(folder: string, owner: string, files: OwnerFiles) {
    this.#folder = folder;
    this.#owner = owner;
    this.#files = files;
    this.path = join(folder, createHash("sha256").update(owner).digest("hex").slice(0, 32));
  }

  /** Makes the file of a lock. @throws EEXIST if it exists */
  async giveTo(lock: string): Promise<void> {
    await this.exists();
    try {
      if (this.#files.areLinks === true) return await link(this.path, lock);
    } catch (error) {
      if (hasCode(error, "EEXIST")) throw error;
      // No hard links here, too many names, or a folder is missing: then a file of its own, or its error.
    }
    await this.#files.create(lock, this.#owner);
  }

  /** Resolves when it was tried to make the link; without it, each lock is a link of its own. */
  exists(): Promise<void> {
    if (this.#files.areLinks !== true) return Promise.resolve();
    this.#made ??= this.#make().catch(() => {});
    return this.#made;
  }

  async #make(): Promise<void> {
    await makeFoldersAside(this.#folder);
    await symlink(this.#owner, this.path);
    for (const name of await readdir(this.#folder)) await this.#removeIfEnded(join(this.#folder, name));
  }

  /** Each process leaves its link behind. */
  async #removeIfEnded(path: string): Promise<void> {
    const owner = await ownerOf(path);
    if (owner !== undefined && lifeOf(owner) === "ended") await this.#files.remove(path);
  }
}
