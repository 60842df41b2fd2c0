import type { WantedAgain } from "../maintenance/fsck/mend-bytes.js";
import type { Context } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import { wholeBlob } from "../registry/span-reader.js";
import type { Storage } from "../storage/storage.js";

const pieceBytes = 256 * 1024;

/** Downloads content of a cached repository again, as a client that pulls it would. */
export function fetchingAgain(
  registry: Registry,
  storage: Storage,
  context: Context,
): (wanted: WantedAgain) => Promise<void> {
  return async ({ name, digest, isManifest }) => {
    // What this process has in memory is whole, but would not be stored again.
    storage.blobs.forget(digest);
    storage.manifests.forget(digest);
    const repository = await registry.pull(name, undefined, context);
    if (isManifest) {
      await repository.getManifest(digest, context);
    } else {
      const { content } = await repository.openBlob(digest, wholeBlob, context);
      const piece = Buffer.allocUnsafe(pieceBytes);
      try {
        while (!content.isAtEnd && (await content.read(piece)) > 0);
      } finally {
        await content.close();
      }
    }
    if ((await storage.blobs.storedSize(digest)) === undefined)
      throw new Error(`${name} was asked for it again, but it could not be stored`);
  };
}
