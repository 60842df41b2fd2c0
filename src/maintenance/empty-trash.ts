import { removeUnlinked, withEvictionLock } from "../storage/content/unlinked-blobs.js";
import type { Storage } from "../storage/storage.js";
import { trashedLinks } from "./undelete.js";

/** Links whose bytes are looked for in all repositories together, since that is a walk. */
const linksAtOnce = 200;

/**
 * Deletes what is in the trash for good, the oldest first, because space is needed.
 * @returns the number of bytes freed: less than asked for if the trash holds no more
 */
export async function emptyTrash(storage: Storage, bytes: number): Promise<number> {
  const links = await trashedLinks(storage);
  let freed = 0;
  while (links.length > 0 && freed < bytes) {
    const batch: typeof links = [];
    for (let expected = freed; expected < bytes && batch.length < linksAtOnce; ) {
      const oldest = links.shift();
      if (oldest === undefined) break;
      batch.push(oldest);
      expected += (await storage.blobs.storedSize(oldest.content)) ?? 0;
    }
    const gone = batch.map(({ link }) => link);
    await storage.contentLinks.forgetClaims(gone);
    await storage.trash.forget(gone);
    // Another repository may have lost the same content later.
    const stillThere = new Set(links.flatMap(({ link, content }) => [link.digest, content]));
    const digests = new Set(batch.flatMap(({ link, content }) => [link.digest, content]));
    freed += await withEvictionLock(storage, () =>
      removeUnlinked(
        storage,
        [...digests].filter((each) => !stillThere.has(each)),
      ),
    );
  }
  return freed;
}
