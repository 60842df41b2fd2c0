import { setTimeout as delay } from "node:timers/promises";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { WorkShare } from "../../maintenance/work-share.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { ContentIndex } from "../../storage/content/content-index.js";

/** 8 bytes each. With more, no census is taken: what it says is then not known. */
const mostLinks = 5_000_000;
const mostRepositories = 2 ** 20;

/** A long census takes this part of the time, so that clients are answered meanwhile. */
const share = 0.3;

/** Listed in one question to a thread of the storage, so that the event loop is free meanwhile. */
const repositoriesAtOnce = 50;

/** How long after its begin a census is waited for. That of a small registry is there by then. */
const waitMs = 100;

/** A census is taken again when it is this old, and this many times older than it took. */
const currentForMs = 3_000;
const timesLonger = 100;

/** Which repositories link to which content, at some time. */
export class Census {
  readonly takenAtMs = Date.now();
  readonly #names: readonly RepositoryName[];
  readonly #buckets: readonly Float64Array[];

  constructor(names: readonly RepositoryName[], buckets: readonly Float64Array[]) {
    this.#names = names;
    this.#buckets = buckets;
  }

  /**
   * The repositories that link to it, by the names under which they are stored. One in a trillion may be wrong, since
   * only a part of each digest is kept.
   */
  holders(digest: Digest): readonly RepositoryName[] {
    const { bucket, start } = placeOf(digest);
    const links = this.#buckets[bucket] ?? new Float64Array();
    const holders = new Set<RepositoryName>();
    for (let at = firstFrom(links, start); (links[at] ?? Number.POSITIVE_INFINITY) < start + mostRepositories; at++) {
      const name = this.#names[(links[at] ?? 0) - start];
      if (name !== undefined) holders.add(name);
    }
    return [...holders];
  }
}

/** Takes a census in the background when someone asks and the last one is old. */
export class Censuses {
  readonly #index: ContentIndex;
  readonly #closed: AbortSignal;
  #last: Census | undefined;
  #tookMs = 0;
  #takenAt = Number.NEGATIVE_INFINITY;
  #begunAt = 0;
  #taking: Promise<Census | undefined> | undefined;

  /** @param closed ends a census that is being taken */
  constructor(index: ContentIndex, closed: AbortSignal) {
    this.#index = index;
    this.#closed = closed;
  }

  /** The last one, or a new one if it is ready soon; `undefined` if none has been taken yet. */
  async last(): Promise<Census | undefined> {
    const now = performance.now();
    if (now - this.#takenAt < Math.max(currentForMs, this.#tookMs * timesLonger)) return this.#last;
    if (this.#taking === undefined) this.#begunAt = now;
    this.#taking ??= this.#take(now)
      .catch(() => undefined)
      .finally(() => {
        this.#taking = undefined;
      });
    const leftMs = this.#tookMs > waitMs ? 0 : this.#begunAt + waitMs - now;
    return leftMs <= 0 ? this.#last : Promise.race([this.#taking, delay(leftMs, this.#last, { ref: false })]);
  }

  async #take(begun: number): Promise<Census | undefined> {
    const work = new WorkShare(share, this.#closed);
    const names = await this.#index.repositoryNames();
    if (names.length > mostRepositories) return undefined;
    const buckets = Array.from({ length: 256 }, (): number[] => []);
    let links = 0;
    for (let first = 0; first < names.length; first += repositoriesAtOnce) {
      if (performance.now() - begun > waitMs) await work.rest();
      const held = await contentOf(this.#index, names.slice(first, first + repositoriesAtOnce));
      for (const [at, digests] of held.entries()) {
        links += digests.size;
        for (const digest of digests) {
          const { bucket, start } = placeOf(digest);
          buckets[bucket]?.push(start + first + at);
        }
      }
      if (links > mostLinks) return undefined;
    }
    const breaks = new EventLoopBreaks();
    const sorted: Float64Array[] = [];
    for (const bucket of buckets) {
      await breaks.take();
      sorted.push(Float64Array.from(bucket).sort());
    }
    this.#last = new Census(names, sorted);
    this.#takenAt = performance.now();
    this.#tookMs = this.#takenAt - begun;
    return this.#last;
  }
}

/** What each of these repositories links to. None of the links is looked at: those that are gone do no harm here. */
async function contentOf(index: ContentIndex, names: readonly RepositoryName[]): Promise<ReadonlySet<Digest>[]> {
  const holdings = await index.holdings(names, () => true);
  const contents: Set<Digest>[] = [];
  for (const { name, manifests, blobs, unreadable } of holdings) {
    if (unreadable !== undefined) throw unreadable;
    const content = new Set([...manifests, ...blobs]);
    // A link under another algorithm may contain one of the digests that are counted.
    if ([...content].some((digest) => algorithmOf(digest) !== "sha256"))
      for await (const digest of index.content(name, () => true)) content.add(digest);
    contents.push(content);
  }
  return contents;
}

/** 40 bits of a digest: 8 choose the bucket, and 32 come before the number of the repository. */
function placeOf(digest: Digest): { bucket: number; start: number } {
  const hex = hexOf(digest);
  return {
    bucket: Number.parseInt(hex.slice(0, 2), 16),
    start: Number.parseInt(hex.slice(2, 10), 16) * mostRepositories,
  };
}

function firstFrom(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
