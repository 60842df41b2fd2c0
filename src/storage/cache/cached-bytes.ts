import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../storage.js";
import type { UnfinishedDownload } from "./download-store.js";

/** A download that has not grown for this long is not running. */
const runsForMs = 30_000;

/** Bytes that are stored only for repositories whose content came from upstreams. */
export interface CachedBytes {
  readonly size: number;
  /** How many of these repositories link to them. */
  holders: number;
}

/** What could be evicted, by digest: the bytes that no private repository links to. */
async function cachedBytes(storage: Storage): Promise<Map<Digest, CachedBytes>> {
  const cached = new Map<Digest, CachedBytes>();
  const isPrivate: RepositoryName[] = [];
  const breaks = new EventLoopBreaks();
  for await (const { name } of storage.index.repositories()) {
    await breaks.take();
    if ((await storage.owners.readOwner(name)) === undefined) isPrivate.push(name);
    else await addContent(storage, name, cached);
  }
  for (const name of isPrivate) {
    await breaks.take();
    for await (const digest of storage.index.content(name, (asked) => cached.has(asked))) cached.delete(digest);
  }
  return cached;
}

/** The disk space of the cache, and what of it could be evicted. */
export interface MeasuredCache {
  /** Bytes, including unfinished downloads. */
  readonly size: number;
  readonly cached: Map<Digest, CachedBytes>;
}

export async function measureCache(storage: Storage): Promise<MeasuredCache> {
  // Before the content: a download that is finished meanwhile would else be missed in both.
  let size = await downloadsSize(storage);
  const cached = await cachedBytes(storage);
  for (const stored of cached.values()) size += stored.size;
  return { size, cached };
}

async function downloadsSize(storage: Storage): Promise<number> {
  let total = 0;
  for (const download of await storage.downloads.list()) total += await countedSize(storage, download);
  return total;
}

/** A running download may be endless. It is limited where it runs, and must not cause evictions. */
async function countedSize(storage: Storage, { digest, size, modifiedMs }: UnfinishedDownload): Promise<number> {
  const whole = await storage.downloads.size(digest);
  if (whole !== undefined) return Math.min(size, whole);
  return Date.now() - modifiedMs < runsForMs ? 0 : size;
}

async function addContent(storage: Storage, name: RepositoryName, cached: Map<Digest, CachedBytes>): Promise<void> {
  // A manifest may be linked as a blob too.
  const digests = new Set<Digest>();
  for await (const digest of storage.index.content(name, () => true)) digests.add(digest);
  const breaks = new EventLoopBreaks();
  for (const digest of digests) {
    await breaks.take();
    const known = cached.get(digest);
    if (known !== undefined) known.holders++;
    else {
      const size = await storage.blobs.storedSize(digest);
      if (size !== undefined) cached.set(digest, { size, holders: 1 });
    }
  }
}
