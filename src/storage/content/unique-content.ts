import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { inParallel } from "../../foundation/in-parallel.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../storage.js";

const looksAtOnce = 16;

/** Adds the size of everything that a repository links to, blobs and manifests, each digest once. */
export async function addContentOf(storage: Storage, name: RepositoryName, sizes: Map<Digest, number>): Promise<void> {
  const breaks = new EventLoopBreaks();
  const found = new Set<Digest>();
  for await (const digest of storage.index.content(name, (each) => !sizes.has(each))) {
    found.add(digest);
    await breaks.take();
  }
  await inParallel(found, looksAtOnce, async (digest) => {
    // A link of sha512 may lead to bytes under sha256, which count there.
    const size = await storage.blobs.storedSize(digest);
    if (size !== undefined) sizes.set(digest, size);
  });
}
