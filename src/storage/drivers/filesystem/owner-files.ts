import { constants } from "node:fs";
import { lutimes, open, readlink, rm, symlink, unlink } from "node:fs/promises";
import { hasCode } from "./system-error.js";

/** How file systems say that they do not know something: SMB, exFAT, FUSE and 9p each in their own way. */
const unknownCalls = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EIO"];

const longestOwner = 300;

/** Never through a link, and never waiting for what is no file. */
const withoutLinks = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Files that hold the name of an owner, of locks and marks. They are symbolic links where the file system knows those, and
 * their times can be set: such a link comes into being with the name in it, and costs a journal of the disk little. Elsewhere
 * they are small files, which a reader may see before the name is in them: then nobody is known to own them.
 */
export class OwnerFiles {
  #areLinks: boolean | undefined;

  /** @throws EEXIST if somebody has one of this path */
  async create(path: string, owner: string): Promise<void> {
    if (this.#areLinks === true) return symlink(owner, path);
    if (this.#areLinks === false) return createFile(path, owner);
    if (await canLink(path, owner)) this.#areLinks = true;
    else {
      await createFile(path, owner);
      this.#areLinks = false;
    }
  }

  /** Whether links are made; known once something was created. */
  get areLinks(): boolean {
    return this.#areLinks !== false;
  }

  /** Says that the owner still has it. A small file is written anew: where there are no links, times often cannot be set. */
  async renew(path: string, owner: string, time: Date): Promise<void> {
    if (this.areLinks) return lutimes(path, time, time);
    const file = await open(path, constants.O_RDWR | withoutLinks);
    try {
      // Another owner's would be another file by now: whoever takes one over removes it first.
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

/** Who owns what lies at a path; `undefined` if nothing does, or nobody can be told. */
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

/** Makes a link, and leaves it, if links can be made and renewed here. */
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

/** A refusal for another reason is met again by whatever is tried instead. */
function isUnknownCall(error: unknown): boolean {
  return unknownCalls.some((code) => hasCode(error, code));
}
