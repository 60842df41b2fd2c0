import { constants } from "node:fs";
import { lutimes, open, readlink, rm, symlink, unlink } from "node:fs/promises";
import { hasCode } from "./system-error.js";

/** Error codes of file systems for unsupported calls: SMB, exFAT, FUSE and 9p differ. */
const unknownCalls = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EIO"];

const longestOwner = 300;

/** Never follows a link, and never waits for what is not a file. */
const withoutLinks = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Files that contain the name of an owner, for locks and marks. If the file system has symbolic links, and can set
 * their times, they are symbolic links: such a link is created with the name in it, and costs the disk's journal
 * little. Otherwise they are small files, which a reader may see before the name is written: they then count as
 * unowned.
 */
export class OwnerFiles {
  #areLinks: boolean | undefined;

  /** @throws EEXIST if one exists at this path */
  async create(path: string, owner: string): Promise<void> {
    if (this.#areLinks === true) return symlink(owner, path);
    if (this.#areLinks === false) return createFile(path, owner);
    if (await canLink(path, owner)) this.#areLinks = true;
    else {
      await createFile(path, owner);
      this.#areLinks = false;
    }
  }

  /** Whether they are links; `undefined` until one was created. */
  get areLinks(): boolean | undefined {
    return this.#areLinks;
  }

  /** Renews it for its owner. A small file is rewritten: file systems without links often cannot set times. */
  async renew(path: string, owner: string, time: Date): Promise<void> {
    if (this.#areLinks !== false) return lutimes(path, time, time);
    const file = await open(path, constants.O_RDWR | withoutLinks);
    try {
      // Another owner's would be another file by now: whoever takes one over deletes it first.
      if ((await readOwner(file)) !== owner)
        throw Object.assign(new Error(`${path} has another owner`), { code: "ENOENT" });
      await file.write(owner, 0);
    } finally {
      await file.close();
    }
  }

  /** One call where it is one of ours: each push takes a lock. Only another program would have left a folder. */
  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) await rm(path, { force: true, recursive: true });
    }
  }
}

/** The owner of a file; `undefined` if it does not exist, or names none. */
export async function ownerOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    return hasCode(error, "ENOENT") ? undefined : ownerInFile(path);
  }
}

async function ownerInFile(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | withoutLinks).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return (await readOwner(file)) || undefined;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

async function readOwner(file: Awaited<ReturnType<typeof open>>): Promise<string> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(longestOwner), 0, longestOwner, 0);
  return buffer.toString("latin1", 0, bytesRead);
}

/** Creates a link, and leaves it, if links can be created and renewed here. */
async function canLink(path: string, owner: string): Promise<boolean> {
  try {
    await symlink(owner, path);
  } catch (error) {
    if (isUnknownCall(error)) return false;
    throw error;
  }
  try {
    const now = new Date();
    await lutimes(path, now, now);
    return true;
  } catch (error) {
    await rm(path, { force: true });
    if (isUnknownCall(error)) return false;
    throw error;
  }
}

async function createFile(path: string, owner: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.write(owner);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** If it was refused for another reason, the alternative will meet that too. */
function isUnknownCall(error: unknown): boolean {
  return unknownCalls.some((code) => hasCode(error, code));
}
