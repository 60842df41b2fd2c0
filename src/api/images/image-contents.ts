import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { inParallel } from "../../foundation/in-parallel.js";
import { type ImageParts, partsOf, type ReadManifest, sizeOf } from "../../images/image-parts.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";
import { BackgroundCounts } from "./background-counts.js";
import type { Censuses } from "./content-census.js";
import { uniqueSizeOf } from "./unique-size.js";

/** What belongs to an image, and how much of it is stored. */
export interface ImageContent {
  readonly parts: ImageParts;
  /** The sizes of content that is stored, without the manifests that were read. */
  readonly present: ReadonlyMap<Digest, number>;
  /** Of everything; `undefined` while it is being counted. */
  readonly sizes: ImageSizes | undefined;
}

interface ImageSizes {
  readonly size: number;
  readonly stored: number;
  readonly uniqueSize: number | undefined;
  readonly isPartial: boolean;
}

const atOnce = 16;
/** So many are looked up one by one; more of them, together with all others of the repository. */
const fewLinks = 100;
/** Whether more is stored takes too long to look up. */
const mostContent = 2_000;
/** The images of an index are read while a client waits, unless there are more. */
const fewManifests = 60;
/** Nobody waits for the sizes of a large index: the rest is answered at once, and the next request gets the sizes. */
const waitMs = 0;
/** Of large indexes, which are not read for each request. */
const rememberedParts = 50_000;

interface ContentParts {
  readonly storage: Storage;
  readonly censuses: Censuses;
}

/** Finds what belongs to an image; of a large index, the rest is counted in the background. */
export class ImageContents {
  readonly #storage: Storage;
  readonly #censuses: Censuses;
  readonly #large = new BackgroundCounts<ImageContent>({
    mostWeight: rememberedParts,
    weightOf: ({ parts: { manifests, content } }) => manifests.size + content.size,
  });

  constructor({ storage, censuses }: ContentParts) {
    this.#storage = storage;
    this.#censuses = censuses;
  }

  /** @param shown how many manifests of an index the client wants to see */
  async of(name: RepositoryName, digest: Digest, shown: number): Promise<ImageContent> {
    const key = `${name}@${digest}`;
    const recent = this.#large.recent(key);
    if (recent !== undefined) return recent;
    const root = await this.#storage.manifests.uncached.readUnremembered(name, digest);
    const read = root && { size: root.descriptor.size, mediaType: root.descriptor.mediaType, reading: root.reading };
    if (read === undefined || read.reading.manifests.length <= fewManifests) return this.#whole(name, digest);
    const whole = await this.#large.soon(key, () => this.#whole(name, digest), waitMs);
    return whole ?? { parts: rootOnly(digest, read), present: await this.#held(name, read, shown), sizes: undefined };
  }

  async #whole(name: RepositoryName, digest: Digest): Promise<ImageContent> {
    const parts = await partsOf(this.#storage, name, digest);
    const present = await this.#present(name, [...parts.content.keys()]);
    const isPartial = parts.isPartial || parts.content.size > mostContent;
    const stored = new Map(present);
    for (const [each, { size }] of parts.manifests) stored.set(each, size);
    const place = { storage: this.#storage, name, parts, censuses: this.#censuses };
    const sizes = { size: sizeOf(parts), stored: 0, uniqueSize: await uniqueSizeOf(stored, place), isPartial };
    for (const size of stored.values()) sizes.stored += size;
    return { parts, present, sizes };
  }

  /** Which manifests of an index are here, with the sizes that it says. */
  async #held(name: RepositoryName, { reading }: ReadManifest, shown: number): Promise<ReadonlyMap<Digest, number>> {
    const content = new Map(reading.manifests.slice(0, shown).map((entry) => [entry.digest, entry.size ?? 0]));
    if (content.size <= fewLinks) return this.#linked(name, content);
    // In one look: to ask for a thousand links one by one takes far longer.
    const [held] = await this.#storage.index.holdings([name], (_, manifest) => !content.has(manifest));
    if (held?.unreadable !== undefined) throw held.unreadable;
    const present = new Map<Digest, number>();
    for (const manifest of held?.manifests ?? []) {
      const size = content.get(manifest);
      if (size !== undefined) present.set(manifest, size);
    }
    return present;
  }

  async #linked(name: RepositoryName, content: ReadonlyMap<Digest, number>): Promise<ReadonlyMap<Digest, number>> {
    const present = new Map<Digest, number>();
    await inParallel([...content], atOnce, async ([digest, size]) => {
      if (await this.#storage.manifests.isLinked(name, digest)) present.set(digest, size);
    });
    return present;
  }

  async #present(name: RepositoryName, content: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> {
    const present = new Map<Digest, number>();
    const breaks = new EventLoopBreaks();
    await inParallel(content.slice(0, mostContent), atOnce, async (digest) => {
      await breaks.take();
      const found = await this.#storage.repository(name).findBlob(digest);
      if (found !== undefined) present.set(digest, found.size);
    });
    return present;
  }
}

/** Only what the index itself says. */
function rootOnly(digest: Digest, root: ReadManifest): ImageParts {
  const content = new Map(root.reading.manifests.map((entry) => [entry.digest, entry]));
  return { manifests: new Map([[digest, root]]), content, isPartial: false };
}
