import { algorithmOf, type Digest } from "../oci/digest.js";
import type { DigestNumbers } from "../oci/digest-numbers.js";
import type { ManifestReferences } from "../oci/manifest-references.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { isOutOfRoom } from "../oci/storage-error.js";
import { CollectionKnowledge, type KnownRepository } from "../storage/collection-knowledge.js";
import type { IsLinked } from "../storage/content/repository-holdings.js";
import type { Storage } from "../storage/storage.js";
import type { FoundRepository, RepositoryMark } from "./repository-mark.js";

/**
 * Nothing depends on it, but a look at everything from time to time finds what no version shows: damaged manifests, and
 * manifests that another program deleted.
 */
const everyRuns = 7;
const everyMs = 7 * 24 * 60 * 60_000;

const lookedAtOnce = 500;

/**
 * What earlier collections learned of repositories, so that this one reads only those that have changed. A repository
 * is known only if all of it is needed and whole. It can only begin to need something else by a new manifest or a new
 * link, which changes the version of its lists; so what is outdated is not used, and no clock is involved.
 */
export class KnownRepositories {
  readonly #storage: Storage;
  readonly #earlier: ReadonlyMap<RepositoryName, KnownRepository>;
  readonly #now: CollectionKnowledge;

  /** @param nowMs the time of the storage, in milliseconds since 1970 */
  static async read(storage: Storage, nowMs: number): Promise<KnownRepositories> {
    const known = await storage.collectionKnowledge.read();
    const isCurrent =
      known !== undefined && known.runs + 1 < everyRuns && known.fullMs <= nowMs && nowMs - known.fullMs < everyMs;
    if (!isCurrent) return new KnownRepositories(storage, new Map(), new CollectionKnowledge({ fullMs: nowMs }));
    const { fullMs, runs, digests, manifests } = known;
    const next = new CollectionKnowledge({ fullMs, runs: runs + 1, digests, manifests });
    return new KnownRepositories(storage, known.repositories, next);
  }

  /** Without any, for a collection that must look at everything. */
  static none(storage: Storage, nowMs: number): KnownRepositories {
    return new KnownRepositories(storage, new Map(), new CollectionKnowledge({ fullMs: nowMs }));
  }

  private constructor(
    storage: Storage,
    earlier: ReadonlyMap<RepositoryName, KnownRepository>,
    now: CollectionKnowledge,
  ) {
    this.#storage = storage;
    this.#earlier = earlier;
    this.#now = now;
  }

  get digests(): DigestNumbers {
    return this.#now.digests;
  }

  /** What manifests reference: those of changed repositories, too, since a digest never changes what it means. */
  get manifests(): ManifestReferences {
    return this.#now.manifests;
  }

  /**
   * Finds the repositories that have not changed.
   * @param unchanged gets the numbers of the digests that such a repository needs
   * @returns the others
   */
  async changed(names: readonly RepositoryName[], unchanged: (needed: Uint32Array) => void): Promise<RepositoryName[]> {
    const changed: RepositoryName[] = [];
    for (let start = 0; start < names.length; start += lookedAtOnce) {
      const some = names.slice(start, start + lookedAtOnce);
      const asked = some.filter((name) => this.#earlier.has(name));
      const found = await this.#storage.index.holdingsVersions(asked);
      const versions = new Map(asked.map((name, index) => [name, found[index]]));
      for (const name of some) {
        const known = this.#earlier.get(name);
        if (known === undefined || known.version !== versions.get(name)) changed.push(name);
        else {
          this.#now.repositories.set(name, known);
          unchanged(known.needed);
        }
      }
    }
    return changed;
  }

  /**
   * Manifests that an earlier collection found in some repositories, all of them with a link. Berth removes a manifest
   * with its folder; that another program has removed only the link shows when everything is looked at.
   */
  linkedManifestsOf(names: readonly RepositoryName[]): IsLinked {
    const needed = new Map(
      names.flatMap((name) => {
        const known = this.#earlier.get(name);
        return known === undefined ? [] : [[name, new Set(known.needed)] as const];
      }),
    );
    return (name, digest) => {
      const number = needed.has(name) ? this.digests.find(digest) : undefined;
      return number !== undefined && needed.get(name)?.has(number) === true;
    };
  }

  /** Learns from a repository that was read. @param needed the numbers of the digests that it needs */
  learn(found: FoundRepository, mark: RepositoryMark, needed: Uint32Array): void {
    const { version } = found.holdings;
    if (version !== undefined && isSettled(found, mark)) this.#now.repositories.set(mark.name, { version, needed });
  }

  async write(): Promise<void> {
    try {
      await this.#storage.collectionKnowledge.write(this.#now);
    } catch (error) {
      // The earlier knowledge remains, and is as true as before.
      if (!isOutOfRoom(error)) throw error;
    }
  }
}

/**
 * Whether everything there is whole and needed. An old folder without its link could get it again, and content that is
 * absent or damaged could be pushed again, without a change of the version; so could the target of a link of sha512.
 */
function isSettled({ holdings, held }: FoundRepository, { problems, unkept, needed }: RepositoryMark): boolean {
  const { manifests, blobs, emptied } = holdings;
  const isPlain = (digest: Digest) => algorithmOf(digest) === "sha256";
  return (
    manifests.length > 0 &&
    emptied.length === 0 &&
    problems.length === 0 &&
    unkept.length === 0 &&
    manifests.every(isPlain) &&
    blobs.every((digest) => isPlain(digest) && needed.has(digest)) &&
    [...held.values()].every(({ names }) => typeof names !== "string")
  );
}
