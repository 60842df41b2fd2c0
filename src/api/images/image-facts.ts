import { LRUCache } from "lru-cache";
import { type ImageParts, partsOf, sizeOf } from "../../images/image-parts.js";
import type { Digest } from "../../oci/digest.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import { mediaTypes } from "../../oci/media-types.js";
import { type Platform, showPlatform } from "../../oci/platform.js";
import type { Context } from "../../registry/context.js";
import type { PullRepository } from "../../registry/repository.js";
import type { ReadAllowance } from "../../storage/content/read-allowance.js";
import type { Storage } from "../../storage/storage.js";
import { platformOfConfig, readConfig } from "./image-config.js";

/** About 500 bytes each. */
const rememberedImages = 10_000;
const mostPlatforms = 50;

export type Kind = "image" | "index" | "artifact" | "unknown";

/** What a list shows of an image. */
export interface ImageFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly kind: Kind;
  /** In bytes; `undefined` if it was too much to read for this list. */
  readonly size: number | undefined;
  readonly platforms: readonly Platform[];
}

const configTypes: ReadonlySet<string | undefined> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

export function kindOf({ kind, mediaType, blobs, config }: ManifestReading): Kind {
  if (kind === "index") return "index";
  if (mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed) return "image";
  if (kind === undefined) return "unknown";
  return config !== undefined && configTypes.has(blobs[0]?.mediaType) ? "image" : "artifact";
}

/** What an artifact is; of an image, the type would only be that of its configuration. */
export function artifactTypeOf(reading: ManifestReading): string | undefined {
  return kindOf(reading) === "image" ? undefined : reading.artifactType;
}

/** The platforms of an index. BuildKit lists attestations there, with the platform unknown/unknown. */
export function platformsOf({ manifests }: ManifestReading): Platform[] {
  const platforms = new Map<string, Platform>();
  for (const { platform } of manifests)
    if (platform !== undefined && platform.os !== "unknown") platforms.set(showPlatform(platform), platform);
  return [...platforms.values()].slice(0, mostPlatforms);
}

/** What lists show of images. It follows from their digest, so it is read once. */
export class FactsOfImages {
  readonly #storage: Storage;
  readonly #known = new LRUCache<string, ImageFacts>({ maxSize: rememberedImages, sizeCalculation: () => 1 });

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @returns `undefined` if the repository does not have the manifest, or if it cannot be read */
  async of(
    repository: PullRepository,
    digest: Digest,
    { context, allowance }: { readonly context: Context; readonly allowance: ReadAllowance },
  ): Promise<ImageFacts | undefined> {
    const key = `${repository.name}@${digest}`;
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#storage.manifests.isLinked(repository.name, digest))) return known;
    const parts = await partsOf(this.#storage, repository.name, digest, allowance);
    const root = parts.manifests.get(digest) ?? (await this.#readAlone(repository, digest));
    if (root === undefined) return undefined;
    const { reading, mediaType } = root;
    const facts = {
      digest,
      mediaType,
      artifactType: artifactTypeOf(reading),
      kind: kindOf(reading),
      size: parts.isPartial ? undefined : sizeOf(parts),
      platforms: await this.#platforms(repository, reading, context),
    };
    if (isWhole(parts)) this.#known.set(key, facts);
    return facts;
  }

  /** The allowance is for what belongs to the images of a list, not for the images themselves. */
  async #readAlone({ name }: PullRepository, digest: Digest) {
    const found = await this.#storage.manifests.uncached.readUnremembered(name, digest);
    return found && { reading: found.reading, mediaType: found.descriptor.mediaType };
  }

  async #platforms(repository: PullRepository, reading: ManifestReading, context: Context): Promise<Platform[]> {
    if (reading.kind === "index") return platformsOf(reading);
    if (kindOf(reading) !== "image" || reading.config === undefined) return [];
    const { json } = await readConfig(repository, reading.config, context);
    const platform = platformOfConfig(json);
    return platform === undefined ? [] : [platform];
  }
}

/** Whether the facts about an image stay the same when more of it is stored. */
function isWhole({ manifests, content, isPartial }: ImageParts): boolean {
  const entries = [...manifests.values()].flatMap(({ reading }) => reading.manifests);
  return !isPartial && entries.every(({ digest }) => !content.has(digest));
}
