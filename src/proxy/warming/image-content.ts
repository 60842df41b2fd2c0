import { type ManifestReading, type NamedContent, readManifest } from "../../oci/manifest-reading.js";
import { isNonDistributable, manifestKind } from "../../oci/media-types.js";
import { isOfPlatform, type Platform, showPlatform } from "../../oci/platform.js";
import type { Reference } from "../../oci/reference.js";
import type { Context } from "../../registry/context.js";
import type { Manifest, PullRepository } from "../../registry/repository.js";

/** Which images of an index are wanted. */
export type WantedPlatforms = readonly Platform[] | "all";

/** What makes an image: what a client that pulls it would ask for. */
export interface ImageContent {
  /** Each once: the index if there is one, and the images. */
  readonly manifests: readonly Manifest[];
  /** Each once. */
  readonly blobs: readonly NamedContent[];
  /** What is wanted, and not offered. */
  readonly missing: readonly Platform[];
  /** What is offered instead, in words. */
  readonly offered: readonly string[];
}

/** An index may hold others. None that was ever seen goes deeper than two. */
const maxDepth = 4;

/** Fetches the manifests of an image, those that are not stored yet, and tells the blobs that belong to them. */
export async function contentOfImage(
  repository: PullRepository,
  reference: Reference,
  wanted: WantedPlatforms,
  context: Context,
): Promise<ImageContent> {
  const top = await repository.getManifest(reference, context);
  const manifests = new Map([[top.descriptor.digest, top]]);
  const blobs = new Map<string, NamedContent>();
  const index = readManifest(top.bytes);
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
      const reading = readManifest(child.bytes);
      if (reading !== undefined) level.push(reading);
    }
  }
  return { manifests: [...manifests.values()], blobs: [...blobs.values()], ...offer(index, wanted) };
}

function blobsOf({ blobs, manifests }: ManifestReading): NamedContent[] {
  return [...blobs, ...manifests.filter(isBlob)].filter(({ mediaType = "" }) => !isNonDistributable(mediaType));
}

/** A child whose type is no manifest's, such as a layer in the index of BuildKit's cache. */
function isBlob({ mediaType }: NamedContent): boolean {
  return mediaType !== undefined && manifestKind(mediaType) === undefined;
}

/** An image of which the index does not say what it runs on may be the one that is wanted. */
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
    // Attestations are said to be of unknown/unknown.
    offered: known.filter(({ os }) => os !== "unknown").map(showPlatform),
  };
}
