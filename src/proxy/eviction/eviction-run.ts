import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { type CachedImage, cachedRepositories, imagesOf, lastUse } from "../../images/images.js";
import type { Logger } from "../../observability/logger.js";
import type { Digest } from "../../oci/digest.js";
import { type CachedBytes, measureCache } from "../../storage/cache/cached-bytes.js";
import type { UnfinishedDownload } from "../../storage/cache/download-store.js";
import type { Storage } from "../../storage/storage.js";
import { EvictionPlan, type ImageToEvict } from "./eviction-plan.js";
import { removeImages } from "./remove-images.js";

export interface EvictionResult {
  /** Size of the cache in bytes when the run began. */
  readonly size: number;
  readonly freed: number;
  /** Number of evicted images. */
  readonly images: number;
}

/** What may be deleted. */
interface Candidate {
  /** When it was last used; 0 if that is not known. */
  readonly usedMs: number;
  readonly content: CachedImage | UnfinishedDownload;
}

/** Images whose bytes are looked up in all repositories together, since each lookup is a walk. */
const imagesAtOnce = 100;

/** One walk over the cache, and evictions if it is too large. The caller must hold the eviction lock. */
export class EvictionRun {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #batch: ImageToEvict[] = [];
  #images = 0;
  #freed = 0;

  /** @param signal ends the run between two images */
  constructor(storage: Storage, log: Logger, signal: AbortSignal) {
    this.#storage = storage;
    this.#log = log;
    this.#signal = signal;
  }

  /**
   * @param bytesToFree returns how much to delete from a cache of that size
   * @param unusedSinceMs images that were not used since then go in any case
   */
  async free(bytesToFree: (size: number) => number, unusedSinceMs?: number): Promise<EvictionResult> {
    const startedAt = performance.now();
    const { size, cached } = await measureCache(this.#storage);
    const goal = bytesToFree(size);
    if (goal <= 0 && unusedSinceMs === undefined) return { size, freed: 0, images: 0 };
    await this.#evict(cached, goal, unusedSinceMs);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const run = { images: this.#images, freed: this.#freed, goal: Math.ceil(goal), before: size, seconds };
    if (goal <= 0 && this.#images === 0) return { size, freed: 0, images: 0 };
    if (this.#freed >= goal) this.#log.info("made room in the cache", run);
    else this.#log.warn("the cache is still too large: the rest is being downloaded or in use", run);
    return { size, freed: this.#freed, images: this.#images };
  }

  /** Deletes what was least recently used, whether an image or an interrupted download. */
  async #evict(
    cached: ReadonlyMap<Digest, CachedBytes>,
    goal: number,
    unusedSinceMs: number | undefined,
  ): Promise<void> {
    const images = await this.#cachedImages();
    const plan = new EvictionPlan(images, cached);
    for (const candidate of await this.#candidates(images)) {
      const { content } = candidate;
      this.#signal.throwIfAborted();
      const isOld = await this.#isUnused(candidate, unusedSinceMs);
      const isEnough = () => !isOld && this.#batch.reduce((bytes, image) => bytes + image.bytes, this.#freed) >= goal;
      if (this.#batch.length >= imagesAtOnce || isEnough()) await this.#removeBatch();
      if (isEnough()) continue;
      if ("modifiedMs" in content) await this.#discard(content);
      else if (await this.#mayGo(content, plan)) this.#batch.push(plan.evict(content));
    }
    await this.#removeBatch();
  }

  /** If no use is known, it was used when it arrived; if that is not known either, it may be new. */
  async #isUnused({ usedMs, content }: Candidate, sinceMs: number | undefined): Promise<boolean> {
    if (sinceMs === undefined) return false;
    if (usedMs > 0 || "modifiedMs" in content || content.digest === undefined) return usedMs > 0 && usedMs < sinceMs;
    const receivedMs = await this.#storage.manifests.receivedAt(content.name, content.digest);
    return receivedMs !== undefined && receivedMs < sinceMs;
  }

  async #cachedImages(): Promise<CachedImage[]> {
    const images: CachedImage[] = [];
    const breaks = new EventLoopBreaks();
    for await (const { name, upstream } of cachedRepositories(this.#storage)) {
      for (const image of await imagesOf(this.#storage, name, upstream)) images.push(image);
      await breaks.take();
    }
    return images;
  }

  async #candidates(images: readonly CachedImage[]): Promise<Candidate[]> {
    const downloads = await this.#storage.downloads.list();
    const candidates = [
      ...images.map((content) => ({ usedMs: content.usedMs, content })),
      ...downloads.map((content) => ({ usedMs: content.modifiedMs, content })),
    ];
    return candidates.sort((one, other) => one.usedMs - other.usedMs);
  }

  /** A last check before deletion: someone may have used it meanwhile, or its repository may have become private. */
  async #mayGo(image: CachedImage, plan: EvictionPlan): Promise<boolean> {
    if (!plan.canFree(image)) return false;
    if ((await this.#storage.owners.readOwner(image.name)) !== image.upstream) return false;
    return (await lastUse(this.#storage, image.name, image.manifests, image.tags)) <= image.usedMs;
  }

  async #removeBatch(): Promise<void> {
    const batch = this.#batch.splice(0);
    if (batch.length === 0) return;
    this.#freed += await removeImages(this.#storage, batch);
    this.#images += batch.length;
    for (const image of batch) this.#logEvicted(image);
  }

  #logEvicted(image: ImageToEvict): void {
    this.#log.info("image evicted", {
      repository: image.name,
      digest: image.digest ?? "blobs that no manifest names",
      tags: [...image.tags.keys()],
      bytes: image.bytes,
      lastUse: image.usedMs === 0 ? "unknown" : new Date(image.usedMs).toISOString(),
    });
  }

  async #discard(download: UnfinishedDownload): Promise<void> {
    if (!(await this.#storage.downloads.discard(download))) return;
    this.#freed += download.size;
    const { digest, size, modifiedMs } = download;
    this.#log.info("unfinished download evicted", {
      digest,
      bytes: size,
      lastUse: new Date(modifiedMs).toISOString(),
    });
  }
}
