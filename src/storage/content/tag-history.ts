import type { Actor } from "../../oci/actor.js";
import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ObjectContent } from "../staging.js";
import { changeOf, nameOfChange, type TagChange } from "./tag-change.js";

/** How many changes of a tag are kept; some more until the oldest are removed together. */
const keptChanges = 100;
const removedTogether = 20;

const sequences = 1_000;

/**
 * What tags pointed to, since when, and who moved or deleted them. Distribution keeps the digests in the folder `index`
 * of each tag, which goes with the tag; Berth adds a record of each change, which stays.
 */
export class TagHistory {
  readonly #driver: StorageDriver;
  #sequence = 0;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** The record of a change, to be written after it in the same durable step. */
  record(name: RepositoryName, tag: Tag, change: TagChange): ObjectContent {
    this.#sequence = (this.#sequence + 1) % sequences;
    return { key: layout.tagChange(name, tag, nameOfChange(change, this.#sequence)), content: nothing };
  }

  /** Records a deletion before it is made, and what only the folder of the tag says about its past. */
  async recordDeletion(name: RepositoryName, tag: Tag, digest: Digest, by: Actor): Promise<void> {
    const unrecorded = await this.#unrecorded(name, tag, await this.#recorded(name, tag));
    const changes = [...unrecorded, { atMs: Date.now(), kind: "deleted", digest, by } as const];
    await this.#driver.write(...changes.map((change) => this.record(name, tag, change)));
    await this.trim(name, tag);
  }

  /** All known changes, the newest first. */
  async changes(name: RepositoryName, tag: Tag): Promise<readonly TagChange[]> {
    const recorded = await this.#recorded(name, tag);
    const unrecorded = await this.#unrecorded(name, tag, recorded);
    // Sorting keeps the order of changes at the same time.
    return [...unrecorded, ...recorded].sort((one, other) => one.atMs - other.atMs).reverse();
  }

  /** The last move that Berth recorded. */
  async lastMove(name: RepositoryName, tag: Tag): Promise<TagChange | undefined> {
    return (await this.#recorded(name, tag)).findLast(({ kind }) => kind === "moved");
  }

  /** Names of the tags of a repository that have a history, also of those that were deleted. */
  tagNames(name: RepositoryName): Promise<readonly string[]> {
    return this.#driver.list(layout.allTagChanges(name));
  }

  /** Every manifest that an existing tag ever pointed at, as far as it is there. */
  async digests(name: RepositoryName, tag: Tag): Promise<Digest[]> {
    const digests: string[] = [];
    for (const algorithm of digestAlgorithms) {
      const folders = await this.#driver.list(layout.tagHistoryOf(name, tag, algorithm));
      digests.push(...folders.map((hex) => `${algorithm}:${hex}`));
    }
    return digests.filter(isDigest);
  }

  /** Removes the oldest records of too many. */
  async trim(name: RepositoryName, tag: Tag): Promise<void> {
    const names = await this.#driver.list(layout.tagChanges(name, tag));
    if (names.length < keptChanges + removedTogether) return;
    await this.#driver.remove(...names.slice(0, -keptChanges).map((each) => layout.tagChange(name, tag, each)));
  }

  /** In the order of time. */
  async #recorded(name: RepositoryName, tag: Tag): Promise<TagChange[]> {
    const names = await this.#driver.list(layout.tagChanges(name, tag));
    return names.flatMap((each) => changeOf(each) ?? []);
  }

  /** What another program, or an older Berth, did: the digests are known, and when the tag last began to point there. */
  async #unrecorded(name: RepositoryName, tag: Tag, recorded: readonly TagChange[]): Promise<TagChange[]> {
    const known = new Set(recorded.map(({ digest }) => digest));
    const changes: TagChange[] = [];
    for (const digest of await this.digests(name, tag)) {
      if (known.has(digest)) continue;
      const stat = await this.#driver.stat(layout.tagHistoryLink(name, tag, digest));
      if (stat !== undefined) changes.push({ atMs: stat.modifiedMs, kind: "moved", digest, by: undefined });
    }
    return changes;
  }
}

const nothing = Buffer.alloc(0);
