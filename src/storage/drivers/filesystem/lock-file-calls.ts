import { lstat, lutimes, symlink, unlink, unlinkSync } from "node:fs";

type Callback = (error: NodeJS.ErrnoException | null) => void;

/**
 * The calls that proper-lockfile makes to have a lock, as it makes them of a folder, made of a symbolic link instead:
 * it comes into being with the name of its owner in it, and costs a journal of the disk half as much as a folder.
 * A fresh object for each owner, since the library keeps in it what it learned of the disk.
 */
export function lockFileCalls(owner: string) {
  return {
    mkdir: (path: string, done: Callback) => symlink(owner, path, done),
    rmdir: (path: string, done: Callback) => unlink(path, done),
    rmdirSync: (path: string) => unlinkSync(path),
    stat: lstat,
    utimes: lutimes,
  };
}
