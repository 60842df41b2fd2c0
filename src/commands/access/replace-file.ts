import { randomUUID } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";

/** Nobody but the owner may read hashes. */
const secretMode = 0o600;

/**
 * Replaces a file at once, so that a server that reads it sees the old lines or the new ones; keeps its rights.
 * @param mode the rights of a file that was not there
 */
export async function replaceFile(file: string, lines: readonly string[], mode = secretMode): Promise<void> {
  // What a link points at is replaced, not the link.
  const target = await realpath(file).catch(() => file);
  const before = await stat(target).catch(() => undefined);
  const draft = `${target}.${randomUUID()}`;
  try {
    const handle = await open(draft, "wx", before === undefined ? mode : before.mode & 0o777);
    try {
      if (before !== undefined) await handle.chown(before.uid, before.gid).catch(() => undefined);
      await handle.writeFile(lines.map((line) => `${line}\n`).join(""));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}
