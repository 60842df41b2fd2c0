import { randomUUID } from "node:crypto";
import { constants, copyFile, mkdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { readSmallText } from "../../foundation/small-file.js";

/** Of a new file. */
export const fileModes = { readable: 0o644, executable: 0o755 } as const;

/** The content of a file, `undefined` if it does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readSmallText(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * Writes a file atomically and creates its folders. Keeps the old file beside it.
 * @param newMode the mode of a new file; an existing one keeps its own
 * @returns the path of the old file
 */
export async function writeKeepingOld(path: string, content: string, newMode: number): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const target = await resolved(path);
  const mode = await modeOf(target);
  const backup = mode === undefined ? undefined : await backUp(target);
  const scratch = `${target}.${randomUUID()}`;
  try {
    await writeFile(scratch, content, { mode: mode ?? newMode, flag: "wx" });
    await rename(scratch, target);
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  return backup;
}

/** Follows a symbolic link: its target is written, and the link stays. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsent(error)) return path;
    throw error;
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Never overwrites an older backup, which may be the only copy of the original. */
async function backUp(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const backup = count === 1 ? `${path}.bak` : `${path}.bak${count}`;
    try {
      await copyFile(path, backup, constants.COPYFILE_EXCL);
      return backup;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
  }
}

function isAbsent(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
