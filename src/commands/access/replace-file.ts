import { randomUUID } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";

/** Only the owner may read hashes. */
const secretMode = 0o600;

/**
 * Replaces a file atomically, so that a running server reads either the old lines or the new ones. Keeps the mode.
 * @param mode the mode of a new file
 */
export async function replaceFile(file: string, lines: readonly string[], mode = secretMode): Promise<void> {
  // Replaces the target of a symbolic link, not the link.
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
