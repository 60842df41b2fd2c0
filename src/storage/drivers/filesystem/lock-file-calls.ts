import { lstat, lutimes, type Stats, symlink, unlink, unlinkSync } from "node:fs";
import { lifeOf, ownerOf } from "./lock-owner.js";

type Callback = (error: NodeJS.ErrnoException | null) => void;
type StatCallback = (error: NodeJS.ErrnoException | null, stat: Stats) => void;

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
    stat: (path: string, done: StatCallback) => statLock(path, owner, done),
    utimes: lutimes,
  };
}

/** The age of a lock tells nothing where its owner can be seen: a process that is held up is no dead one. */
function statLock(path: string, self: string, done: StatCallback): void {
  lstat(path, (error, stat) => {
    const owner = ownerOf(path);
    if (error === null && owner !== undefined && owner !== self && lifeOf(owner) !== "unknown") stat.mtime = new Date();
    done(error, stat);
  });
}
