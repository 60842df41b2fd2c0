import { readAnyManifest } from "../../oci/large-manifests.js";
import type { ManifestReading, NamedContent } from "../../oci/manifest-reading.js";
import { isNonDistributable, manifestKind } from "../../oci/media-types.js";
import { isOfPlatform, type Platform, showPlatform } from "../../oci/platform.js";
import type { Reference } from "../../oci/reference.js";
import type { Context } from "../../registry/context.js";
import type { Manifest, PullRepository } from "../../registry/repository.js";

/** Which images of an index are wanted. */
export type WantedPlatforms = readonly Platform[] | "all";

/** The content of an image: everything that a client that pulls it would request. */
export interface ImageContent {
  /** Each once: the index if there is one, and the images. */
  readonly manifests: readonly Manifest[];
  /** Each once. */
  readonly blobs: readonly NamedContent[];
  /** Wanted platforms that are not offered. */
  readonly missing: readonly Platform[];
  /** The offered platforms, in words. */
  readonly offered: readonly string[];
}

/** An index may contain others. None that was ever seen is nested deeper than two. */
const maxDepth = 4;

/** Fetches the missing manifests of an image, and lists its blobs. */
export async function contentOfImage(
  repository: PullRepository,
  reference: Reference,
  wanted: WantedPlatforms,
  context: Context,
): Promise<ImageContent> {
  const top = await repository.getManifest(reference, context);
  const manifests = new Map([[top.descriptor.digest, top]]);
  const blobs = new Map<string, NamedContent>();
  const index = await readAnyManifest(top.bytes);
  let level = index === undefined ? [] : [index];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    for (const blob of level.flatMap(blobsOf)) blobs.set(blob.digest, blob);
    const children = level
      .flatMap(({ manifests: all }) => all)
      .filter((child) => !isBlob(child) && isWanted(child, wanted));
    level = [];
    for (const { digest } of children) {
      if (manifests.has(digest)) continue;
      const child = await repository.getManifest(digest, context);
      manifests.set(digest, child);
      const reading = await readAnyManifest(child.bytes);
      if (reading !== undefined) level.push(reading);
    }
  }
  return { manifests: [...manifests.values()], blobs: [...blobs.values()], ...offer(index, wanted) };
}

function blobsOf({ blobs, manifests }: ManifestReading): NamedContent[] {
  return [...blobs, ...manifests.filter(isBlob)].filter(({ mediaType = "" }) => !isNonDistributable(mediaType));
}

/** A child whose type is not a manifest type, such as a layer in the index of BuildKit's cache. */
function isBlob({ mediaType }: NamedContent): boolean {
  return mediaType !== undefined && manifestKind(mediaType) === undefined;
}

/** An image without a platform in the index may be the wanted one. */
function isWanted({ platform }: NamedContent, wanted: WantedPlatforms): boolean {
  return wanted === "all" || platform === undefined || wanted.some((one) => isOfPlatform(platform, one));
}

function offer(index: ManifestReading | undefined, wanted: WantedPlatforms): Pick<ImageContent, "missing" | "offered"> {
  const platforms = (index?.manifests ?? []).map(({ platform }) => platform);
  const isTold = platforms.length > 0 && !platforms.includes(undefined);
  if (wanted === "all" || !isTold) return { missing: [], offered: [] };
  const known = platforms.filter((platform) => platform !== undefined);
  return {
    missing: wanted.filter((one) => !known.some((platform) => isOfPlatform(platform, one))),
    // Attestations have the platform unknown/unknown.
    offered: known.filter(({ os }) => os !== "unknown").map(showPlatform),
  };
}
