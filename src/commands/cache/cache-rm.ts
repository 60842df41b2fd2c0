import { loadConfig } from "../../config/load.js";
import { messageOf } from "../../config/problem.js";
import { showBytes } from "../../foundation/byte-amount.js";
import { createLogger } from "../../observability/winston-logger.js";
import { removeCached, whyNotRemovable } from "../../proxy/eviction/cache-removal.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { clearAside, withEvictionLock } from "../../storage/content/unlinked-blobs.js";
import { openStorage } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";
import { ImageNames, type WrittenImage } from "./image-names.js";

/** Deletes cached images: all that are named, or none if one of them cannot be deleted. */
export async function removeFromCache(images: readonly string[], options: { config?: string }): Promise<void> {
  const { config } = await loadConfig({
    file: options.config,
    environment: process.env,
    directory: process.cwd(),
  });
  const storage = await openStorage(config.storage, createLogger(config.log, process.stderr));
  const targets = await removableTargets(storage, images, new ImageNames(config));
  for (const target of targets) {
    const freed = await withEvictionLock(storage, async () => {
      await clearAside(storage);
      return removeCached(storage, target);
    });
    process.stdout.write(`deleted ${target.written}, ${showBytes(freed)} freed\n`);
  }
}

/** @throws ExplainedError that lists every argument that is not an image, is not cached, or is private */
async function removableTargets(
  storage: Storage,
  images: readonly string[],
  names: ImageNames,
): Promise<WrittenImage[]> {
  const targets: WrittenImage[] = [];
  const problems: string[] = [];
  for (const written of images) {
    try {
      const target = names.parse(written);
      const problem = await whyNotRemovable(storage, target);
      if (problem === undefined) targets.push(target);
      else problems.push(`${written}: ${problem}`);
    } catch (error) {
      problems.push(`${written}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new ExplainedError("nothing was deleted, since these images cannot be", problems);
  return targets;
}
