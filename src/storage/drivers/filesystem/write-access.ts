import { access, constants, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DataFolders } from "./data-folders.js";
import { hasCode, isAbsence, isDenied } from "./system-error.js";

/** Folders of a data directory in which pushes create something, as far as they exist. */
const changedFolders = [
  ".berth",
  ".berth/scratch",
  ".berth/locks",
  ".berth/working",
  "docker",
  "docker/registry",
  "docker/registry/v2",
  "docker/registry/v2/blobs",
  "docker/registry/v2/blobs/sha256",
  "docker/registry/v2/repositories",
];

/** What keeps this user from changing a data directory. */
export interface WriteObstacle {
  readonly path: string;
  readonly reason: "readonly" | "denied" | "nofolder";
}

/**
 * Finds what would keep this user from storing in a data directory, and changes nothing. What is above the folders that
 * contain `.berth` need not be writable: it may belong to a container whose volume is mounted below.
 */
export async function findWriteObstacle({ root, state, bulk }: DataFolders): Promise<WriteObstacle | undefined> {
  const homes = [state, bulk];
  const isBelowHome = (path: string) => homes.some((home) => path === home || path.startsWith(`${home}/`));
  const paths = new Set([
    ...homes,
    ...[root, ...homes].flatMap((folder) => changedFolders.map((each) => join(folder, each))),
  ]);
  for (const path of [...paths].filter(isBelowHome)) {
    const obstacle = await obstacleAt(path);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/** A missing folder would be created in its parent. */
async function obstacleAt(path: string): Promise<WriteObstacle | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return { path, reason: "nofolder" };
    await access(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (isAbsence(error)) return dirname(path) === path ? undefined : obstacleAt(dirname(path));
    return { path, reason: reasonOf(error) };
  }
}

/** Why a change was refused that seemed possible, as on a network file system. */
export function obstacleOf(error: unknown, path: string): WriteObstacle | undefined {
  if (hasCode(error, "EROFS") || isDenied(error)) return { path, reason: reasonOf(error) };
  return hasCode(error, "ENOTDIR") || hasCode(error, "EEXIST") ? { path, reason: "nofolder" } : undefined;
}

function reasonOf(error: unknown): WriteObstacle["reason"] {
  return hasCode(error, "EROFS") ? "readonly" : "denied";
}

/** A sentence for the operator: what is wrong where, and what to do. */
export function explain({ path, reason }: WriteObstacle, root: string): string {
  const setting = "storage.filesystem.root";
  switch (reason) {
    case "readonly":
      return `${setting}: ${path} is on a read-only file system: mount it writable, or name another folder`;
    case "denied":
      return `${setting}: ${path} cannot be written by user ${userAndGroup()}: ${remedy(path, root)}, or name another folder`;
    case "nofolder":
      return `${setting}: ${path} is a file where a folder must be: remove it, or name another folder`;
  }
}

/** Folders above the root belong to someone else. */
function remedy(path: string, root: string): string {
  if (path.length >= root.length) return `run chown -R ${userAndGroup()} ${root}`;
  return `create ${root} for it (mkdir -p ${root} && chown ${userAndGroup()} ${root})`;
}

function userAndGroup(): string {
  return `${process.getuid?.() ?? "this"}:${process.getgid?.() ?? "this"}`;
}
