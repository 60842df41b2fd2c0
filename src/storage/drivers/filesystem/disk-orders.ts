import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { StorageError } from "../../../oci/storage-error.js";
import type { ObjectContent } from "../../staging.js";
import type { DataFolders } from "./data-folders.js";
import type { DiskStep } from "./disk-steps.js";
import { diskWorkers } from "./disk-workers.js";
import { folderBeside } from "./expected-folders.js";
import { type KeyPaths, lstatOf } from "./key-paths.js";
import { changing, toChangeError } from "./system-error.js";

/** All changes of the disk except appending bytes: lists of steps, each durable when it is done. */
export class DiskOrders {
  readonly #folders: DataFolders;
  readonly #paths: KeyPaths;
  /** Why nothing can be changed. */
  readonly #refusal: string | undefined;

  constructor(folders: DataFolders, paths: KeyPaths, refusal: string | undefined) {
    this.#folders = folders;
    this.#paths = paths;
    this.#refusal = refusal;
  }

  /** @throws StorageError if nothing may be changed */
  mayChange(): void {
    if (this.#refusal !== undefined) throw new StorageError("readonly", this.#refusal);
  }

  /** A free path for a file that is to be renamed to the given path. */
  scratchFor(path: string): string {
    return `${this.#folders.scratchFor(path)}/${randomUUID()}`;
  }

  naming(from: string, key: string): DiskStep {
    const to = this.#paths.toChange(key);
    return { kind: "rename", from, to, aside: this.scratchFor(to) };
  }

  /** Performs the steps. @throws the system's own error */
  async order(steps: readonly DiskStep[]): Promise<void> {
    this.mayChange();
    await diskWorkers.perform({ root: this.#folders.root, steps });
  }

  change(steps: readonly DiskStep[]): Promise<void> {
    return changing(() => this.order(steps));
  }

  /**
   * Performs the steps, then writes the objects. All content is written aside first, so that the renames follow one
   * another quickly.
   */
  async perform(steps: readonly DiskStep[], objects: readonly ObjectContent[]): Promise<void> {
    // Each content is copied: a small Buffer shares memory with others, and all of it would move to the other thread.
    const beside = new Set(
      objects.flatMap(({ key }) => folderBeside(key) ?? []).map((key) => this.#paths.toChange(key)),
    );
    const folders = [...beside].filter((path) => !existsSync(path));
    const asides = objects.map(({ key, content }) => ({
      key,
      content: new Uint8Array(content),
      path: this.scratchFor(this.#paths.toChange(key)),
    }));
    try {
      await this.order([
        ...folders.map((path) => ({ kind: "make-folder", path }) as const),
        ...asides.map(({ path, content }) => ({ kind: "write", path, content }) as const),
        ...steps,
        ...asides.map(({ path, key }) => this.naming(path, key)),
      ]);
    } catch (error) {
      await Promise.all(asides.map(({ path }) => rm(path, { force: true }).catch(() => {})));
      throw toChangeError(error);
    }
  }

  /** A folder is renamed away first, so that everything below it disappears at once and not file by file. */
  async remove(keys: readonly string[]): Promise<void> {
    const removed: string[] = [];
    const steps = keys.flatMap((key): DiskStep[] => {
      const path = this.#paths.toChange(key);
      const found = lstatOf(path);
      if (found === undefined) return [];
      if (!found.isDirectory()) return [{ kind: "unlink", path }];
      const away = this.scratchFor(path);
      removed.push(away);
      return [{ kind: "move-away", from: path, to: away }];
    });
    if (steps.length === 0) return;
    await this.change(steps);
    await changing(() => Promise.all(removed.map((path) => rm(path, { recursive: true, force: true }))));
  }
}
