import { lstat, type Stats } from "node:fs";
import { lifeOf } from "./lock-owner.js";
import { type OwnerFiles, ownerOf } from "./owner-files.js";

type Callback = (error: NodeJS.ErrnoException | null) => void;
type StatCallback = (error: NodeJS.ErrnoException | null, stat: Stats) => void;

/**
 * The calls that proper-lockfile makes to have a lock, as it makes them of a folder, made of an owner file instead. A fresh
 * object for each owner, since the library keeps in it what it learned of the disk.
 */
export function lockFileCalls(owner: string, files: OwnerFiles) {
  /** When our locks were renewed, as the library was told: it expects to find that, and some file systems keep no such time. */
  const renewed = new Map<string, Date>();
  const stat = (path: string, done: StatCallback) => statLock(path, { owner, renewedAt: renewed.get(path) }, done);
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

/** The age of a lock tells nothing where its owner can be seen: a process that is held up is no dead one. */
function statLock(path: string, self: { owner: string; renewedAt: Date | undefined }, done: StatCallback): void {
  lstat(path, (error, stat) => {
    if (error !== null) return done(error, stat);
    void ownerOf(path).then((owner) => {
      if (owner === self.owner) stat.mtime = self.renewedAt ?? stat.mtime;
      else if (owner !== undefined && lifeOf(owner) !== "unknown") stat.mtime = new Date();
      done(null, stat);
    });
  });
}

function settle(action: Promise<void>, done: Callback): void {
  action.then(() => done(null), done);
}
