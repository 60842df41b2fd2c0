import type { CachedImage } from "../../images/images.js";
import type { Digest } from "../../oci/digest.js";
import type { CachedBytes } from "../../storage/cache/cached-bytes.js";

/** An image to delete, and what is deleted with it. */
export interface ImageToEvict extends CachedImage {
  /** Bytes that nothing else needs afterwards. */
  readonly bytes: number;
}

/** Knows what is deleted with each image: what no remaining image needs, in its repository and in others. */
export class EvictionPlan {
  readonly #cached: ReadonlyMap<Digest, CachedBytes>;
  /** How many images of a repository reference a digest. */
  readonly #names = new Map<string, number>();

  /** @param cached the bytes that no private repository needs */
  constructor(images: readonly CachedImage[], cached: ReadonlyMap<Digest, CachedBytes>) {
    this.#cached = cached;
    for (const image of images) for (const key of keysOf(image)) this.#names.set(key, (this.#names.get(key) ?? 0) + 1);
  }

  /**
   * Whether deleting it can free anything, now or together with others: content of private repositories stays anyway.
   */
  canFree(image: CachedImage): boolean {
    return [...image.manifests, ...image.blobs].some((digest) => this.#cached.has(digest));
  }

  /** Marks an image as deleted in the plan. */
  evict(image: CachedImage): ImageToEvict {
    const goes = new Set([...image.manifests, ...image.blobs].filter((digest) => this.#unname(image, digest)));
    let bytes = 0;
    for (const digest of goes) bytes += this.#release(digest);
    return {
      ...image,
      manifests: image.manifests.filter((digest) => goes.has(digest)),
      blobs: image.blobs.filter((digest) => goes.has(digest)),
      tags: new Map([...image.tags].filter(([, digest]) => goes.has(digest))),
      bytes,
    };
  }

  /** @returns whether no remaining image in the repository references it */
  #unname(image: CachedImage, digest: Digest): boolean {
    const key = keyOf(image, digest);
    const left = (this.#names.get(key) ?? 1) - 1;
    this.#names.set(key, left);
    return left === 0;
  }

  /** @returns the bytes that no repository needs any more */
  #release(digest: Digest): number {
    const bytes = this.#cached.get(digest);
    if (bytes === undefined) return 0;
    bytes.holders--;
    return bytes.holders === 0 ? bytes.size : 0;
  }
}

function keysOf(image: CachedImage): string[] {
  return [...new Set([...image.manifests, ...image.blobs])].map((digest) => keyOf(image, digest));
}

function keyOf({ name }: CachedImage, digest: Digest): string {
  return `${name}@${digest}`;
}
