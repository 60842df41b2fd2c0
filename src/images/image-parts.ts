import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import type { Digest } from "../oci/digest.js";
import type { ManifestReading, NamedContent } from "../oci/manifest-reading.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { ReadAllowance } from "../storage/content/read-allowance.js";
import type { Storage } from "../storage/storage.js";

/** A manifest that was read. */
export interface ReadManifest {
  /** In bytes. */
  readonly size: number;
  readonly mediaType: string;
  readonly reading: ManifestReading;
}

/** What belongs to an image: its manifest, the manifests below it, and their content. */
export interface ImageParts {
  /** Those that the repository holds, and that can be read. */
  readonly manifests: ReadonlyMap<Digest, ReadManifest>;
  /** Everything that they reference and that is not a manifest which was read, as they describe it. */
  readonly content: ReadonlyMap<Digest, NamedContent>;
  /** Whether some manifests were not read, since there are too many. */
  readonly isPartial: boolean;
}

/** Reads what belongs to a manifest. Each one is read once, so a cycle of indexes ends. */
export async function partsOf(
  storage: Storage,
  name: RepositoryName,
  root: Digest,
  allowance = new ReadAllowance(),
): Promise<ImageParts> {
  const manifests = new Map<Digest, ReadManifest>();
  const content = new Map<Digest, NamedContent>();
  const breaks = new EventLoopBreaks();
  let isPartial = false;
  const pending = new Set([root]);
  // Iterating a set includes what is added meanwhile.
  for (const digest of pending) {
    await breaks.take();
    if (allowance.isUsedUp) {
      isPartial = true;
      break;
    }
    const found = await storage.manifests.uncached.readUnremembered(name, digest);
    allowance.take(found?.descriptor.size ?? 0);
    if (found === undefined) continue;
    const { descriptor, reading } = found;
    manifests.set(digest, { size: descriptor.size, mediaType: descriptor.mediaType, reading });
    for (const child of reading.manifests) pending.add(child.digest);
    for (const named of [...reading.blobs, ...reading.manifests])
      if (!content.has(named.digest)) content.set(named.digest, named);
  }
  for (const digest of manifests.keys()) content.delete(digest);
  return { manifests, content, isPartial };
}

/** The size of an image as its manifests tell it, each blob once. */
export function sizeOf({ manifests, content }: ImageParts): number {
  let size = 0;
  for (const manifest of manifests.values()) size += manifest.size;
  for (const named of content.values()) size += named.size ?? 0;
  return size;
}
