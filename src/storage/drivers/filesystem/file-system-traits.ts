import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../../observability/logger.js";
import { syncNames } from "./durable-folders.js";
import { self } from "./lock-owner.js";
import type { OwnerFiles } from "./owner-files.js";

/** Tests what a file system may not support, and logs what that means for the registry. */
export async function reportTraits(scratch: string, files: OwnerFiles, log: Logger): Promise<void> {
  const path = join(scratch, randomUUID());
  await files.create(path, self);
  await files.remove(path);
  if (!files.areLinks)
    log.info(
      "the file system of the data directory has no symbolic links, or cannot set their times: locks are small files",
    );
  if (!syncNames(scratch))
    log.warn("the file system of the data directory cannot sync folders: a power failure may undo the newest pushes");
  if (await ignoresCase(path))
    log.warn("the file system of the data directory ignores case: tags that differ only in case are one tag");
}

async function ignoresCase(path: string): Promise<boolean> {
  const lower = `${path}-case`;
  await (await open(lower, "wx")).close();
  try {
    return existsSync(`${path}-CASE`);
  } finally {
    await rm(lower, { force: true });
  }
}
