import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { lifeOf } from "./lock-owner.js";
import type { OwnName } from "./own-name.js";
import { type OwnerFiles, ownerOf } from "./owner-files.js";

type Callback = (error: NodeJS.ErrnoException | null) => void;
type StatCallback = (error: NodeJS.ErrnoException | null, stat?: Pick<Stats, "mtime">) => void;

/**
 * The file system calls that proper-lockfile makes for a lock folder, translated to an owner file. A new object for
 * each owner, since the library stores in it what it learns about the disk.
 */
export function lockFileCalls(owner: string, files: OwnerFiles, ownName: OwnName) {
  /**
   * When our locks were renewed, as the library set it: it expects to read that, and some file systems do not keep it.
   */
  const renewed = new Map<string, Date>();
  /** Locks that were just made: the library looks at each at once, which would cost three calls of the disk. */
  const made = new Set<string>();
  const stat = (path: string, done: StatCallback) => {
    const renewedAt = renewed.get(path);
    if (made.delete(path) && renewedAt !== undefined) done(null, { mtime: renewedAt });
    else statLock(path, { owner, renewedAt }).then((found) => done(null, found), done);
  };
  const create = async (path: string) => {
    await ownName.giveTo(path);
    renewed.set(path, new Date());
    made.add(path);
  };
  const renew = async (path: string, modified: Date) => {
    const before = renewed.get(path);
    await files.renew(path, owner, modified);
    // It may have been released and taken again meanwhile: the next holder expects to read its own time.
    if (renewed.get(path) === before) renewed.set(path, modified);
  };
  return {
    mkdir: (path: string, done: Callback) => settle(create(path), done),
    rmdir: (path: string, done: Callback) => {
      renewed.delete(path);
      made.delete(path);
      settle(files.remove(path), done);
    },
    stat,
    utimes: (path: string, _accessed: Date, modified: Date, done: Callback) => {
      renew(path, modified)
        .then(() => done(null), done)
        .catch(ignoreGone);
    },
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
  // Without a time of ours, another part of this process has it, which is alive as well.
  if (owner === self.owner && self.renewedAt !== undefined) stat.mtime = self.renewedAt;
  else if (owner !== before || (owner !== undefined && lifeOf(owner) !== "unknown")) stat.mtime = new Date();
  // A second name of the owner's link: taking it changed the link's ctime only (inode(7)).
  else if (stat.nlink > 1 && stat.ctime > stat.mtime) stat.mtime = stat.ctime;
  return stat;
}

/**
 * After a renewal, the library looks up the lock, and throws if it no longer has it. Seen on a machine that stood still
 * for ten seconds; whether the lock is still ours is checked at the end of its action in any case.
 */
function ignoreGone(error: unknown): void {
  if (!(error instanceof TypeError)) throw error;
}

function settle(action: Promise<void>, done: Callback): void {
  action.then(() => done(null), done);
}
