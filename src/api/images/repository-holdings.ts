import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { inParallel } from "../../foundation/in-parallel.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";
import { BackgroundCounts } from "./background-counts.js";

/** What a repository holds, counted. */
export interface Holdings {
  readonly manifests: number;
  /** The bytes of everything that it links to, by digest. */
  readonly content: ReadonlyMap<Digest, number>;
  /** Whether there is more content than is counted. */
  readonly isPartial: boolean;
  /** When a manifest was last pulled, in milliseconds since 1970; `undefined` if that is not known. */
  readonly pulledMs: number | undefined;
}

/** This much is counted while a client waits; more in the background. */
const fewDigests = 150;
/** With more content, only a part is counted. */
const mostContent = 10_000;
/** When each of more manifests was used takes too long to read. */
const fewManifests = 100;
const atOnce = 8;

/** Each digest counts: large repositories take memory. */
const rememberedDigests = 500_000;

interface Counted extends Holdings {
  /** Differs after a tag was added or removed. */
  readonly version: string | undefined;
}

/** Counts what repositories hold, and remembers it for some time. */
export class RepositoryHoldings {
  readonly #storage: Storage;
  readonly #counts = new BackgroundCounts<Counted>({
    mostWeight: rememberedDigests,
    weightOf: ({ content }) => content.size,
  });

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * What the repository holds. If that is much, what it held some time ago; `undefined` if it has not been counted yet
   * within the time that the caller waits.
   */
  async of(name: RepositoryName, waitMs: number): Promise<Holdings | undefined> {
    const version = await this.#storage.index.tagsVersion(name);
    const recent = this.#counts.recent(name);
    const isSame = recent !== undefined && version !== undefined && recent.version === version;
    if (recent !== undefined && (isSame || isMuch(recent.content))) return recent;
    const digests = await this.#digestsOf(name);
    const count = async () => ({ ...(await this.#count(name, digests)), version });
    return isMuch(digests) ? this.#counts.soon(name, count, waitMs) : this.#counts.count(name, count);
  }

  async #count(name: RepositoryName, digests: ReadonlySet<Digest>): Promise<Holdings> {
    const manifests = await this.#storage.index.manifests(name);
    const content = new Map<Digest, number>();
    const breaks = new EventLoopBreaks();
    await inParallel([...digests].slice(0, mostContent), atOnce, async (digest) => {
      await breaks.take();
      const size = await this.#storage.blobs.storedSize(digest);
      if (size !== undefined) content.set(digest, size);
    });
    const isPartial = digests.size > mostContent;
    return { manifests: manifests.length, content, isPartial, pulledMs: await this.#pulled(name, manifests) };
  }

  async #pulled(name: RepositoryName, manifests: readonly Digest[]): Promise<number | undefined> {
    if (manifests.length > fewManifests) return undefined;
    const uses = await Promise.all(manifests.map((digest) => this.#storage.uses.lastPull(name, digest)));
    return Math.max(0, ...uses.map((use) => use ?? 0));
  }

  async #digestsOf(name: RepositoryName): Promise<ReadonlySet<Digest>> {
    const digests = new Set<Digest>();
    // Nothing is asked for, so the index only lists the links and looks at none of them.
    for await (const _ of this.#storage.index.content(name, (digest) => {
      digests.add(digest);
      return false;
    }));
    return digests;
  }
}

function isMuch({ size }: { readonly size: number }): boolean {
  return size > fewDigests;
}
