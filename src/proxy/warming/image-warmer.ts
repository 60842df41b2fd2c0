import { Semaphore } from "../../foundation/semaphore.js";
import type { Digest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import type { NamedContent } from "../../oci/manifest-reading.js";
import { showPlatform } from "../../oci/platform.js";
import type { Reference } from "../../oci/reference.js";
import type { Context } from "../../registry/context.js";
import type { OpenedBlob, PullRepository } from "../../registry/repository.js";
import { wholeBlob } from "../../registry/span-reader.js";
import type { Storage } from "../../storage/storage.js";
import { contentOfImage, type ImageContent, type WantedPlatforms } from "./image-content.js";

const bufferBytes = 256 * 1024;

/** An image to store before anyone pulls it. */
export interface ImageToWarm {
  /** As it was requested. */
  readonly title: string;
  readonly repository: PullRepository;
  readonly reference: Reference;
}

/** A blob that is being downloaded. */
export interface WarmingBlob {
  readonly title: string;
  readonly digest: Digest;
  /** In bytes; infinite while unknown. */
  size: number;
  /** Bytes that an earlier transfer left. */
  readonly startedAt: number;
  /** Bytes so far. */
  arrived: number;
}

/** Observes the progress. */
export interface WarmingWatch {
  begin(blob: WarmingBlob): void;
  /** The blob is stored if all of it arrived. */
  end(blob: WarmingBlob): void;
}

/** The result for one image. */
export interface WarmedImage {
  /** Bytes. */
  fetched: number;
  /** Bytes that were stored already, or that another image brought. */
  present: number;
  /** Why it is incomplete; everything that could be stored is stored all the same. */
  failure: unknown;
}

interface WarmerParts {
  readonly storage: Storage;
  readonly platforms: WantedPlatforms;
  /** Number of concurrent blobs. */
  readonly concurrency: number;
  readonly watch: WarmingWatch;
}

/** Pulls images without a client, so that they are stored before anyone needs them. */
export class ImageWarmer {
  readonly #parts: WarmerParts;
  readonly #turns: Semaphore;
  /** One for each concurrent blob. */
  readonly #buffers: Buffer[] = [];

  constructor(parts: WarmerParts) {
    this.#parts = parts;
    this.#turns = new Semaphore(parts.concurrency);
  }

  async warm(image: ImageToWarm, context: Context): Promise<WarmedImage> {
    const result: WarmedImage = { fetched: 0, present: 0, failure: undefined };
    try {
      const { repository, reference } = image;
      const content = await contentOfImage(repository, reference, this.#parts.platforms, context);
      for (const { descriptor, served } of content.manifests) {
        result[served.from === "miss" ? "fetched" : "present"] += descriptor.size;
      }
      await this.#warmBlobs(image, content.blobs, result, context);
      result.failure ??= missingPlatform(content);
    } catch (error) {
      result.failure = error;
    }
    return result;
  }

  /** A failure does not keep the other blobs from being stored. */
  async #warmBlobs(image: ImageToWarm, blobs: readonly NamedContent[], result: WarmedImage, context: Context) {
    const warming = blobs.map((blob) =>
      this.#turns.run(async () => {
        context.signal.throwIfAborted();
        const buffer = this.#buffers.pop() ?? Buffer.allocUnsafe(bufferBytes);
        try {
          await this.#warmBlob(image, blob, { result, buffer, context });
        } catch (error) {
          if (blob.isEmbedded !== true || !isAbsence(error)) throw error;
        } finally {
          this.#buffers.push(buffer);
        }
      }),
    );
    const ends = await Promise.allSettled(warming);
    result.failure = ends.find((end) => end.status === "rejected")?.reason;
  }

  async #warmBlob(
    { title, repository }: ImageToWarm,
    { digest }: NamedContent,
    { result, buffer, context }: { result: WarmedImage; buffer: Buffer; context: Context },
  ): Promise<void> {
    const left = await this.#parts.storage.downloads.staged(digest).stat();
    // Without asking for the size before: that would be one more request to the upstream for each blob.
    const opened = await repository.openBlob(digest, wholeBlob, context);
    if (opened.served.from === "hit") {
      await opened.content.close();
      result.present += opened.size;
      return;
    }
    const { size } = opened;
    const startedAt = Math.min(left?.size ?? 0, size);
    const blob: WarmingBlob = { title, digest, size, startedAt, arrived: 0 };
    this.#parts.watch.begin(blob);
    try {
      await readThrough(opened, blob, buffer);
    } finally {
      const isNew = opened.served.from === "miss";
      const fetched = isNew ? Math.max(0, blob.arrived - startedAt) : 0;
      result.fetched += fetched;
      result.present += blob.arrived - fetched;
      this.#parts.watch.end(blob);
    }
    await requireStored(this.#parts.storage, repository, digest, context);
  }
}

/** The end is reached only when the digest is verified and the blob has its name. */
async function readThrough({ content }: OpenedBlob, blob: WarmingBlob, buffer: Buffer): Promise<void> {
  try {
    while (!content.isAtEnd) {
      const count = await content.read(buffer);
      if (count === 0) break;
      blob.arrived += count;
    }
    blob.size = blob.arrived;
  } finally {
    await content.close();
  }
}

/** A download that another repository started is linked there; opening it again links it here too. */
async function requireStored(
  storage: Storage,
  repository: PullRepository,
  digest: Digest,
  context: Context,
): Promise<void> {
  // Read from the storage: the upstream cannot tell whether the blob is stored.
  const isStored = async () => (await storage.repository(repository.name).findBlob(digest)) !== undefined;
  if (await isStored()) return;
  const { content } = await repository.openBlob(digest, wholeBlob, context);
  await content.close();
  if (await isStored()) return;
  throw new RegistryError("UNAVAILABLE", `${digest} was received but could not be stored: is the disk full?`);
}

function isAbsence(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "BLOB_UNKNOWN";
}

function missingPlatform({ missing, offered }: ImageContent): Error | undefined {
  if (missing.length === 0) return undefined;
  const wanted = missing.map(showPlatform).join(", ");
  return new RegistryError("MANIFEST_UNKNOWN", `there is no image for ${wanted}, only for ${offered.join(", ")}`);
}
