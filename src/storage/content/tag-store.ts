import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Actor } from "../../oci/actor.js";
import type { Digest } from "../../oci/digest.js";
import type { Page, PageOf } from "../../oci/listing.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ObjectContent } from "../staging.js";
import type { ContentIndex } from "./content-index.js";
import { DanglingTags } from "./dangling-tags.js";
import { type LinkStore, linkTo } from "./link-store.js";
import type { TagChange } from "./tag-change.js";
import { TagHistory } from "./tag-history.js";
import { TagIndex } from "./tag-index.js";
import { TagListings } from "./tag-listings.js";
import { TagRemoval, tagLock } from "./tag-removal.js";

const settledRepositories = 1_000;

/** Links that are read with one order; also how many a caller who takes its time may see as they were earlier. */
const tagsAtOnce = 200;

interface TagStoreParts {
  readonly links: LinkStore;
  readonly index: ContentIndex;
}

/** Where a tag points; `undefined` if its link is damaged. */
interface TagTarget {
  readonly tag: Tag;
  readonly digest: Digest | undefined;
}

/** Tags of repositories: links that move. */
export class TagStore {
  readonly history: TagHistory;
  /** Finds tags by what they point at. */
  readonly ofManifests: DanglingTags;
  readonly removal: TagRemoval;
  readonly #driver: StorageDriver;
  readonly #links: LinkStore;
  readonly #names: ContentIndex;
  readonly #index: TagIndex;
  readonly #listings: TagListings;
  /** Repositories for which it is known whether all their tags are in the index. */
  readonly #settled = new BoundedMap<RepositoryName, true>(settledRepositories);

  constructor(driver: StorageDriver, { links, index }: TagStoreParts) {
    this.#driver = driver;
    this.#links = links;
    this.#names = index;
    this.history = new TagHistory(driver);
    this.#index = new TagIndex(driver);
    this.#listings = new TagListings(driver, index);
    this.removal = new TagRemoval(driver, { links, names: index, history: this.history });
    this.ofManifests = new DanglingTags({
      links,
      names: index,
      index: this.#index,
      removal: this.removal,
    });
  }

  async find(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return (await this.#links.find(layout.tagLink(name, tag)))?.digest;
  }

  /** The same for an answer to a pull, which need not show what another process changed a moment ago. */
  async findRecent(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return (await this.#links.findRecent(layout.tagLink(name, tag)))?.digest;
  }

  /** The tags that point at a manifest. Among very many, those that are older than the record of that are left out. */
  pointingAt(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    return this.ofManifests.pointingAt(name, digest);
  }

  /** When the tag was last pushed, and by whom, if it exists; after a backup was restored, `movedAt` may be later. */
  async lastMove(name: RepositoryName, tag: Tag): Promise<Pick<TagChange, "atMs" | "by"> | undefined> {
    const link = await this.#links.find(layout.tagLink(name, tag));
    if (link === undefined) return undefined;
    const recorded = await this.history.lastMove(name, tag);
    return recorded?.digest === link.digest ? recorded : { atMs: link.modifiedMs, by: undefined };
  }

  /** When the tag was last moved, in milliseconds since 1970. */
  async movedAt(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    return (await this.#driver.stat(layout.tagLink(name, tag)))?.modifiedMs;
  }

  /** Tags in code point order; the same array until a tag is added or removed. */
  list(name: RepositoryName): Promise<readonly Tag[]> {
    return this.#listings.list(name);
  }

  /** A page of the tags. Checks no more tags than the page holds, unless all are known anyway. */
  page(name: RepositoryName, page: Page): Promise<PageOf<string>> {
    return this.#listings.page(name, page);
  }

  /** Where all tags point, including tags with a damaged link. */
  async *targets(name: RepositoryName): AsyncIterable<TagTarget> {
    const tags = (await this.#names.tagNames(name)).filter(isTag);
    for (let start = 0; start < tags.length; start += tagsAtOnce) {
      const some = tags.slice(start, start + tagsAtOnce);
      const found = await this.#links.findMany(some.map((tag) => layout.tagLink(name, tag)));
      for (const [index, tag] of some.entries()) {
        const digest = found[index] ?? (await this.find(name, tag));
        if (digest !== undefined || (await this.#driver.stat(layout.tagLink(name, tag))) !== undefined)
          yield { tag, digest };
      }
    }
  }

  /**
   * Moves the tag together with its history. This is the last step of a push, so that the tag points at complete
   * content.
   * @param by who moves it; what is not said, such as of a cached tag, gets no record
   * @returns what it pointed at before
   */
  async put(name: RepositoryName, tag: Tag, digest: Digest, by?: Actor): Promise<Digest | undefined> {
    const objects = [
      ...(await this.#tracesOf(name, tag, digest)),
      linkTo(layout.tagLink(name, tag), digest),
      ...(by === undefined ? [] : [this.history.record(name, tag, { atMs: Date.now(), kind: "moved", digest, by })]),
    ];
    const before = await this.#driver.writeUnderLock(tagLock(name, tag), objects, async () => {
      const target = await this.find(name, tag);
      // Where a tag did not exist, its deletion has trimmed.
      if (by !== undefined && target !== undefined) await this.history.trim(name, tag);
      return target;
    });
    this.#settled.set(name, true);
    return before;
  }

  /**
   * Puts a tag that nobody may move afterwards. If two processes do so at once, one of them wins, as far as the storage
   * has conditional writes.
   * @returns what it pointed at before: if that is another digest, nothing was changed
   */
  putOnce(name: RepositoryName, tag: Tag, digest: Digest, by: Actor): Promise<Digest | undefined> {
    return this.#locked(name, tag, async () => {
      const found = await this.find(name, tag);
      if (found !== undefined) return found;
      await this.#driver.write(...(await this.#tracesOf(name, tag, digest)));
      const link = linkTo(layout.tagLink(name, tag), digest);
      if ((await this.#driver.conditional?.writeIfAbsent(link)) !== true) {
        const other = await this.find(name, tag);
        if (other !== undefined) return other;
        // There is nothing that decides, or something damaged is in its place.
        await this.#driver.write(link);
      }
      await this.#driver.write(this.history.record(name, tag, { atMs: Date.now(), kind: "moved", digest, by }));
      this.#settled.set(name, true);
      return undefined;
    });
  }

  /** What is written before a tag moves. */
  async #tracesOf(name: RepositoryName, tag: Tag, digest: Digest): Promise<readonly ObjectContent[]> {
    return [
      ...(await this.#wholeMarkIfNew(name)),
      this.#index.entry(name, tag, digest),
      { ...linkTo(layout.tagHistoryLink(name, tag, digest), digest), isTrace: true },
    ];
  }

  /** The mark that no tag is older than the index, for the first tag of a repository. */
  async #wholeMarkIfNew(name: RepositoryName): Promise<readonly ObjectContent[]> {
    if (this.#settled.has(name)) return [];
    return (await this.#names.tagNames(name, { limit: 1 })).length === 0 ? [this.#index.wholeMark(name)] : [];
  }

  #locked<Result>(name: RepositoryName, tag: Tag, action: () => Promise<Result>): Promise<Result> {
    return this.#driver.withLock(tagLock(name, tag), action);
  }
}
