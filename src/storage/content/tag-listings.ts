import { LRUCache } from "lru-cache";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { type Page, type PageOf, pageOf } from "../../oci/listing.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ContentIndex } from "./content-index.js";

interface TagList {
  /** Version of the list of names that this was made from. */
  readonly version: string;
  readonly tags: readonly Tag[];
  /** Tags without a link: a push is in progress, or was cut off. The link will come without a change of the list. */
  readonly torn: readonly Tag[];
}

const knownTags = 500_000;
/** Weight of an empty list, in tags. */
const tagsOfListing = 20;

/** Lists of tags: those names that have a link. */
export class TagListings {
  readonly #driver: StorageDriver;
  readonly #names: ContentIndex;
  readonly #listings = new LRUCache<RepositoryName, TagList>({
    maxSize: knownTags,
    sizeCalculation: ({ tags, torn }) => tags.length + torn.length + tagsOfListing,
  });

  constructor(driver: StorageDriver, names: ContentIndex) {
    this.#driver = driver;
    this.#names = names;
  }

  /** Tags in code point order; the same array until a tag is added or removed. */
  async list(name: RepositoryName): Promise<readonly Tag[]> {
    // Read before the names are: a tag that is added in between makes the next call list them again.
    const version = await this.#names.tagsVersion(name);
    const known = await this.#known(name, version);
    return known ?? this.#read(name, version, await this.#names.tagNames(name));
  }

  async #known(name: RepositoryName, version: string | undefined): Promise<readonly Tag[] | undefined> {
    const known = this.#listings.get(name);
    if (known === undefined || known.version !== version) return undefined;
    return (await this.#anyWhole(name, known.torn)) ? undefined : known.tags;
  }

  async #read(name: RepositoryName, version: string | undefined, names: readonly string[]): Promise<readonly Tag[]> {
    const tags: Tag[] = [];
    const torn: Tag[] = [];
    const breaks = new EventLoopBreaks();
    for (const tag of names) {
      await breaks.take();
      if (!isTag(tag)) continue;
      if (await this.#isWhole(name, tag)) tags.push(tag);
      else torn.push(tag);
    }
    if (version !== undefined) this.#listings.set(name, { version, tags, torn });
    return tags;
  }

  /** A page of the tags. Checks no more tags than the page holds, unless all are known anyway. */
  async page(name: RepositoryName, page: Page): Promise<PageOf<string>> {
    const version = await this.#names.tagsVersion(name);
    const known = await this.#known(name, version);
    if (known !== undefined) return pageOf(known, page);
    const names = await this.#names.tagNames(name, { after: page.last, limit: page.limit + 1 });
    // These are all tags, so the next page costs nothing.
    if (page.last === undefined && names.length <= page.limit)
      return pageOf(await this.#read(name, version, names), page);
    return this.#readPage(name, page, names);
  }

  async #readPage(name: RepositoryName, { limit }: Page, first: readonly string[]): Promise<PageOf<string>> {
    const items: Tag[] = [];
    const breaks = new EventLoopBreaks();
    for (let names = first; limit > 0; ) {
      for (const tag of names) {
        await breaks.take();
        if (!isTag(tag) || !(await this.#isWhole(name, tag))) continue;
        if (items.length === limit) return { items, more: true };
        items.push(tag);
      }
      if (names.length <= limit) break;
      names = await this.#names.tagNames(name, { after: names.at(-1), limit: limit + 1 });
    }
    return { items, more: false };
  }

  async #anyWhole(name: RepositoryName, tags: readonly Tag[]): Promise<boolean> {
    for (const tag of tags) if (await this.#isWhole(name, tag)) return true;
    return false;
  }

  async #isWhole(name: RepositoryName, tag: Tag): Promise<boolean> {
    const stat = await this.#driver.stat(layout.tagLink(name, tag));
    return stat !== undefined && stat.size > 0;
  }
}
