import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../../observability/logger.js";
import { StorageError } from "../../../oci/storage-error.js";
import { DataFolders } from "./data-folders.js";
import { DurableFolders } from "./durable-folders.js";
import { reportTraits } from "./file-system-traits.js";
import { OwnerFiles } from "./owner-files.js";
import { changing, ifPresent, reading } from "./system-error.js";
import { explain, findWriteObstacle, obstacleOf, type WriteObstacle } from "./write-access.js";

/** What a dead process left in the scratch folder is removed at the next start, once it is this old. */
const scratchKeptMs = 60 * 60 * 1000;

/** A data directory after its inspection. */
export interface DataDirectory {
  readonly folders: DataFolders;
  readonly ownerFiles: OwnerFiles;
  /** A sentence that says why nothing can be changed; `undefined` if everything can. */
  readonly refusal: string | undefined;
}

/**
 * Makes the root if needed, and removes what an earlier process left unfinished. A read-only directory is served.
 * @throws StorageError if it can neither be written nor read
 */
export async function prepareDataDirectory(root: string, log: Logger | undefined): Promise<DataDirectory> {
  const folders = new DataFolders(root);
  const ownerFiles = new OwnerFiles();
  const obstacle = (await findWriteObstacle(folders)) ?? (await makeFolders(folders));
  if (obstacle !== undefined) return { folders, ownerFiles, refusal: refuse(obstacle, folders.root, log) };
  for (const scratch of folders.scratches) await changing(() => removeOld(scratch));
  if (log !== undefined) await changing(() => reportPlaces(folders, ownerFiles, log));
  return { folders, ownerFiles, refusal: undefined };
}

/** Inspects it, and changes nothing. @throws if there is no such folder */
export async function inspectDataDirectory(root: string): Promise<DataDirectory> {
  await reading(() => readdir(root));
  const folders = new DataFolders(root);
  const obstacle = await findWriteObstacle(folders);
  return { folders, ownerFiles: new OwnerFiles(), refusal: obstacle && explain(obstacle, folders.root) };
}

async function makeFolders(folders: DataFolders): Promise<WriteObstacle | undefined> {
  const durable = new DurableFolders(folders.root);
  // The last one could not be made on a full disk, and room is made by moving blobs there.
  for (const folder of [...folders.scratches, folders.pathOf(".berth/evicting")]) {
    try {
      durable.make(folder);
      durable.sync();
    } catch (error) {
      const obstacle = obstacleOf(error, folder);
      if (obstacle === undefined) await changing(() => Promise.reject(error));
      return obstacle;
    }
  }
  return undefined;
}

/** What keeps a user from storing in a place. */
export interface StorageObstacle {
  readonly sentence: string;
  /** Whether stored content can still be served. */
  readonly canServe: boolean;
}

/** Looks for obstacles that a start would meet, and changes nothing. */
export async function findObstacle(root: string): Promise<StorageObstacle | undefined> {
  const folders = new DataFolders(root);
  const obstacle = await findWriteObstacle(folders);
  return obstacle && { sentence: explain(obstacle, folders.root), canServe: canServe(obstacle, folders.root) };
}

/**
 * A directory that this user may not write is served if it holds content. One on a read-only file system always is:
 * that is intended.
 */
function canServe({ reason }: WriteObstacle, root: string): boolean {
  if (reason === "nofolder") return false;
  return existsSync(reason === "readonly" ? root : join(root, "docker/registry/v2"));
}

/** @returns the sentence, if stored content can still be served */
function refuse(obstacle: WriteObstacle, root: string, log: Logger | undefined): string {
  const sentence = explain(obstacle, root);
  if (!canServe(obstacle, root)) throw new StorageError("readonly", sentence);
  log?.warn(`stored content is served, but nothing can be pushed, cached or deleted: ${sentence}`);
  return sentence;
}

async function reportPlaces(folders: DataFolders, ownerFiles: OwnerFiles, log: Logger): Promise<void> {
  const { root, state, bulk, areApart, scratches } = folders;
  if (state !== root)
    log.info("a volume is mounted below the data directory: Berth keeps its own files there", { folder: state });
  if (areApart)
    log.warn(
      "blobs and repositories are on different file systems: each blob pushed in an upload session is copied once",
      {
        repositories: state,
        blobs: bulk,
      },
    );
  for (const scratch of scratches) await reportTraits(scratch, ownerFiles, log);
}

async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await ifPresent(() => stat(path));
    if (found !== undefined && Date.now() - found.mtimeMs > scratchKeptMs)
      await rm(path, { recursive: true, force: true });
  }
}
