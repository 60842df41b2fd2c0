import type { Digest } from "../oci/digest.js";
import { NumberSet } from "../oci/digest-numbers.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageError } from "../oci/storage-error.js";
import { NotedItems, type Unneeded } from "../storage/collection-notes.js";
import type { ContentLink } from "../storage/content/content-link.js";
import type { Storage } from "../storage/storage.js";
import { collectRepository } from "./collect-repository.js";
import type { CollectionChanges, UnlinkedBytes } from "./collection-changes.js";
import { beginChanges, readNotes, record } from "./collection-records.js";
import type { Collection, CollectionReport } from "./collection-report.js";
import { KnownRepositories } from "./known-repositories.js";
import { foundRepositories } from "./repository-survey.js";
import { TrashContent } from "./trash-content.js";
import { type CollectionTimes, Judge, type Stay } from "./unneeded-content.js";
import { isUnreadable, UnreadableContent } from "./unreadable-content.js";

export interface RunParts {
  readonly storage: Storage;
  readonly times: CollectionTimes;
  /** The time of the storage, in milliseconds since 1970. */
  readonly now: () => number;
  /** Whether to delete manifests without a tag, unless a kept one references them or is their subject. */
  readonly deleteUntagged: boolean;
  /** Whether nothing else uses the storage. */
  readonly isAlone: boolean;
  readonly changes: CollectionChanges;
  readonly report: CollectionReport;
  /** Called between two steps: waits as long as others should go first. @throws if the run is to end */
  pace(): Promise<void>;
}

/**
 * One collection: removes links that their repositories no longer need, then links of the trash whose time is over,
 * then bytes that nothing links to. Holds the digests of all kept content in memory, a million in 80 MB at most.
 */
export class CollectionRun {
  readonly storage: Storage;
  readonly report: CollectionReport;
  readonly changes: CollectionChanges;
  readonly deleteUntagged: boolean;
  readonly isAlone: boolean;
  readonly judge: Judge;
  readonly unreadable: UnreadableContent;
  /**
   * Why links that a killed collection was removing are not back. Their repositories, which the trash names, may lack
   * manifests that they need.
   */
  readonly unreleased: StorageError | undefined;
  readonly #parts: RunParts;
  readonly #known: KnownRepositories;
  /** The numbers of digests whose bytes something needs. */
  readonly #needed = new NumberSet();
  readonly #removed: ContentLink[] = [];
  #staying = 0;
  #nextMs: number | undefined;

  static async begin(parts: RunParts): Promise<CollectionRun> {
    const unreleased = await beginChanges(parts);
    const { storage, deleteUntagged, now } = parts;
    // What is tagged shows in no version.
    const known = deleteUntagged
      ? KnownRepositories.none(storage, now())
      : await KnownRepositories.read(storage, now()).catch((error) => {
          if (!isUnreadable(error)) throw error;
          parts.report.problem(
            `the records of earlier collections cannot be read, so all repositories are read (${error.message})`,
          );
          return KnownRepositories.none(storage, now());
        });
    return new CollectionRun(parts, await readNotes(parts), known, unreleased);
  }

  private constructor(
    parts: RunParts,
    earlier: NotedItems,
    known: KnownRepositories,
    unreleased: StorageError | undefined,
  ) {
    const { storage, times, now, deleteUntagged, isAlone, changes, report } = parts;
    this.storage = storage;
    this.report = report;
    this.changes = changes;
    this.deleteUntagged = deleteUntagged;
    this.isAlone = isAlone;
    this.unreadable = new UnreadableContent(report);
    this.judge = new Judge({ times, heldMs: storage.contentLinks.safeMs, now, earlier }, new NotedItems());
    this.#parts = parts;
    this.#known = known;
    this.unreleased = unreleased;
  }

  /** Something is unneeded, and waits to be deleted. */
  stays(item: Unneeded, stay: Stay): void {
    this.#staying++;
    if ("untilMs" in stay) this.#nextMs = Math.min(this.#nextMs ?? stay.untilMs, stay.untilMs);
    this.report.stays(item, stay);
  }

  async perform(): Promise<Collection> {
    const trash = await TrashContent.read(this);
    await this.#collectRepositories(trash);
    await trash.empty(this.#removed);
    const bytes = await this.#unlinkedBytes(trash);
    await record(this.report, "what waits to be deleted, which waits once more", () =>
      this.changes.note(this.judge.notes),
    );
    const manifests = this.#removed.filter(({ kind }) => kind === "manifest").length;
    this.report.found({ needed: this.#needed.size, manifests, bytes });
    const erased = await this.#erase(bytes);
    await record(this.report, "what was learned", () => this.changes.learn(this.#known));
    await record(this.report, "that it has ended", () => this.changes.end());
    this.unreadable.reportRest();
    return {
      isAlone: this.isAlone,
      ...erased,
      removed: this.#removed.length,
      waiting: this.#staying,
      nextMs: this.#nextMs,
      trashed: trash.size,
    };
  }

  /** Before bytes go, all repositories are looked at once more, also those that have not changed. */
  async #erase(bytes: readonly UnlinkedBytes[]): Promise<Pick<Collection, "bytes" | "erased">> {
    try {
      return { bytes: await this.changes.erase(bytes), erased: bytes.map(({ digest }) => digest) };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.unreadable.add("what repositories link to", error, "unneeded bytes stay");
      return { bytes: 0, erased: [] };
    }
  }

  async #collectRepositories(trash: TrashContent): Promise<void> {
    const names = await this.#repositoryNames();
    // What is tagged shows in no version.
    const byTags = names.filter((name) => this.judge.times.untaggedKeepOf?.(name) !== undefined);
    const others = byTags.length === 0 ? names : names.filter((name) => !byTags.includes(name));
    const changed = await this.#known.changed(others, (needed) => {
      for (const number of needed) this.#needed.add(number);
    });
    changed.push(...byTags);
    this.report.repositories({ unchanged: names.length - changed.length, toRead: changed.length });
    for await (const found of foundRepositories(this.storage, changed, this.#known)) {
      await this.#parts.pace();
      const { needed, removed, mark } = await collectRepository(this, found, trash.whyHeldBack(found.holdings.name));
      const numbers = Uint32Array.from(needed, (digest) => this.#known.digests.of(digest));
      for (const number of numbers) this.#needed.add(number);
      this.#removed.push(...removed);
      if (mark !== undefined) this.#known.learn(found, mark, numbers);
    }
  }

  async #repositoryNames(): Promise<readonly RepositoryName[]> {
    const foreign: string[] = [];
    const names = await this.storage.index.repositoryNames({
      foreign: (key) => foreign.push(key),
      unreadable: (key, error) => this.unreadable.addHiding(key, error, "all repositories in it stay"),
    });
    for (const key of foreign) await this.#keepForeign(key);
    return names;
  }

  /** No client reaches what is there, but whoever gives the folder a name that is allowed must find it whole. */
  async #keepForeign(key: string): Promise<void> {
    try {
      const content = await this.storage.index.foreignContent(key);
      for (const digest of content) this.#needed.add(this.#known.digests.of(digest));
      if (content.length > 0 || (await this.storage.index.isFilled(key)))
        this.report.problem(
          `${key} is not a repository name, so no client can pull what is there; all of it stays: rename it, or move it out of the data directory`,
        );
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.unreadable.addHiding(key, error, "all of it stays");
    }
  }

  #isNeeded(digest: Digest): boolean {
    const number = this.#known.digests.find(digest);
    return number !== undefined && this.#needed.has(number);
  }

  async #unlinkedBytes({ kept, over }: TrashContent): Promise<UnlinkedBytes[]> {
    const found: UnlinkedBytes[] = [];
    if (this.unreadable.hidesNeeds) return found;
    const leftOut = (key: string, error: StorageError) => this.unreadable.add(key, error, "the bytes there stay");
    const isWanted = (digest: Digest) => !this.#isNeeded(digest) && !kept.has(digest);
    for await (const { digest, size, modifiedMs } of this.storage.blobs.all(isWanted, leftOut)) {
      await this.#parts.pace();
      const item = { kind: "bytes", digest } as const;
      // What was in the trash has waited already, and so has been claimed by nobody.
      const stay = over.has(digest) ? undefined : this.judge.whyStays(item, modifiedMs);
      if (stay === undefined) found.push({ digest, size });
      else this.stays(item, stay);
    }
    return found;
  }
}
