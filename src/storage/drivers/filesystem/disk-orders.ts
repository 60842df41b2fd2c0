import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { StorageError } from "../../../oci/storage-error.js";
import type { ObjectContent } from "../../staging.js";
import type { DataFolders } from "./data-folders.js";
import type { LockFile } from "./disk-lock.js";
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

  /** A free path for a file that will be renamed to the given path. */
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
   * Performs the steps, then writes the objects, under the lock if there is one. All content is written aside first, so
   * that the renames follow one another quickly.
   */
  async perform(steps: readonly DiskStep[], objects: readonly ObjectContent[], lock?: LockFile): Promise<void> {
    const beside = new Set(
      objects.flatMap(({ key }) => folderBeside(key) ?? []).map((key) => this.#paths.toChange(key)),
    );
    const folders = [...beside].filter((path) => !existsSync(path));
    const writings = objects.map((object) => this.#writing(object));
    const changes = [...steps, ...writings.map(({ place }) => place)];
    try {
      await this.order([
        ...folders.map((path) => ({ kind: "make-folder", path }) as const),
        ...writings.flatMap(({ prepare }) => prepare ?? []),
        ...(lock === undefined ? changes : [{ kind: "locked", lock, steps: changes } as const]),
      ]);
    } catch (error) {
      await Promise.all(writings.map(({ aside }) => rm(aside, { force: true }).catch(() => {})));
      throw toChangeError(error);
    }
  }

  /** What is empty or a trace is made at its place at once; other content is written aside, synced and renamed. */
  #writing({ key, content, isTrace }: ObjectContent): { aside: string; prepare?: DiskStep; place: DiskStep } {
    const path = this.#paths.toChange(key);
    const aside = this.scratchFor(path);
    if (isTrace === true) return { aside, place: { kind: "trace", path, content: new Uint8Array(content), aside } };
    if (content.length === 0) return { aside, place: { kind: "mark", path, aside } };
    // The content is copied: a small Buffer shares memory with others, and all of it would move to the other thread.
    const prepare = { kind: "write", path: aside, content: new Uint8Array(content) } as const;
    return { aside, prepare, place: this.naming(aside, key) };
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
