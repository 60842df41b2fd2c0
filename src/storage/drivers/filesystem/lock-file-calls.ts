import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { lifeOf } from "./lock-owner.js";
import { type OwnerFiles, ownerOf } from "./owner-files.js";

type Callback = (error: NodeJS.ErrnoException | null) => void;
type StatCallback = (error: NodeJS.ErrnoException | null, stat?: Stats) => void;

/**
 * The file system calls that proper-lockfile makes for a lock folder, translated to an owner file. A new object for
 * each owner, since the library stores in it what it learns about the disk.
 */
export function lockFileCalls(owner: string, files: OwnerFiles) {
  /**
   * When our locks were renewed, as the library set it: it expects to read that, and some file systems do not keep it.
   */
  const renewed = new Map<string, Date>();
  const stat = (path: string, done: StatCallback) => {
    statLock(path, { owner, renewedAt: renewed.get(path) }).then((found) => done(null, found), done);
  };
  return {
    mkdir: (path: string, done: Callback) => settle(files.create(path, owner), done),
    rmdir: (path: string, done: Callback) => {
      renewed.delete(path);
      settle(files.remove(path), done);
    },
    stat,
    utimes: (path: string, _accessed: Date, modified: Date, done: Callback) =>
      settle(
        files.renew(path, owner, modified).then(() => void renewed.set(path, modified)),
        done,
      ),
  };
}

/**
 * The age of a lock says nothing if its owner is visible: a process that is held up is not dead. It also says nothing if
 * the lock changed hands while it was checked: by the age of the old lock, the library would remove the new one.
 */
async function statLock(path: string, self: { owner: string; renewedAt: Date | undefined }): Promise<Stats> {
  const before = await ownerOf(path);
  const stat = await lstat(path);
  const owner = await ownerOf(path);
  if (owner === self.owner) stat.mtime = self.renewedAt ?? stat.mtime;
  else if (owner !== before || (owner !== undefined && lifeOf(owner) !== "unknown")) stat.mtime = new Date();
  return stat;
}

function settle(action: Promise<void>, done: Callback): void {
  action.then(() => done(null), done);
}
