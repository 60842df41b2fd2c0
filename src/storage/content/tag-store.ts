import { setImmediate } from "node:timers/promises";
import { BoundedMap } from "../../foundation/bounded-map.js";
import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import { firstAfter, type Page, type PageOf, pageOf } from "../../oci/listing.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ContentIndex } from "./content-index.js";
import { type LinkStore, linkTo } from "./link-store.js";
import { TagIndex } from "./tag-index.js";
import { UnindexedTags } from "./unindexed-tags.js";

interface TagList {
  /** The driver's list that this was made from: the same array as long as nothing changed. */
  readonly folders: readonly string[];
  readonly tags: readonly Tag[];
  /** Tags without a link: a push is on its way, or was cut off. The link will come without a change of the list. */
  readonly torn: readonly Tag[];
}

const knownListings = 1_000;

/** So few are all looked at when a manifest is deleted, whoever gave them to it. */
const fewTags = 1_000;

/** A look at all tags lets other work run each time after so many. */
const tagsPerTurn = 1_000;

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
  readonly #driver: StorageDriver;
  readonly #links: LinkStore;
  readonly #names: ContentIndex;
  readonly #index: TagIndex;
  readonly #unindexed: UnindexedTags;
  /** Repositories of which it is settled whether all their tags are in the index. */
  readonly #settled = new BoundedMap<RepositoryName, true>(knownListings);
  readonly #listings = new BoundedMap<RepositoryName, TagList>(knownListings);

  constructor(driver: StorageDriver, { links, index }: TagStoreParts) {
    this.#driver = driver;
    this.#links = links;
    this.#names = index;
    this.#index = new TagIndex(driver);
    this.#unindexed = new UnindexedTags((name, tag) => this.find(name, tag));
  }

  find(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return this.#links.find(layout.tagLink(name, tag));
  }

  /** Tags in code point order; the same array as long as none came or went. */
  async list(name: RepositoryName): Promise<readonly Tag[]> {
    const folders = await this.#names.tagNames(name);
    const known = this.#listings.get(name);
    if (known?.folders === folders && !(await this.#anyWhole(name, known.torn))) return known.tags;
    const tags: Tag[] = [];
    const torn: Tag[] = [];
    for (const [index, tag] of folders.filter(isTag).entries()) {
      if (await this.#isWhole(name, tag)) tags.push(tag);
      else torn.push(tag);
      if ((index + 1) % tagsPerTurn === 0) await setImmediate();
    }
    this.#listings.set(name, { folders, tags, torn });
    return tags;
  }

  /** Where all tags point, those with a damaged link included. */
  async *targets(name: RepositoryName): AsyncIterable<TagTarget> {
    for (const tag of (await this.#names.tagNames(name)).filter(isTag)) {
      const digest = await this.find(name, tag);
      if (digest !== undefined || (await this.#driver.stat(layout.tagLink(name, tag))) !== undefined)
        yield { tag, digest };
    }
  }

  /** A part of the tags, of which no more are looked at than it holds, unless all are known anyway. */
  async page(name: RepositoryName, page: Page): Promise<PageOf<string>> {
    const folders = await this.#names.tagNames(name);
    const known = this.#listings.get(name)?.folders === folders;
    if (known || page.limit >= folders.length) return pageOf(await this.list(name), page);
    const items: Tag[] = [];
    for (let index = firstAfter(folders, page.last); index < folders.length && page.limit > 0; index++) {
      const tag = folders[index] ?? "";
      if (!isTag(tag) || !(await this.#isWhole(name, tag))) continue;
      if (items.length === page.limit) return { items, more: true };
      items.push(tag);
      if (items.length % tagsPerTurn === 0) await setImmediate();
    }
    return { items, more: false };
  }

  /**
   * Moves the tag together with its history, and last of all that a push does: then it points at something whole.
   * @returns what it pointed at before
   */
  async put(name: RepositoryName, tag: Tag, digest: Digest): Promise<Digest | undefined> {
    const history = linkTo(layout.tagHistoryLink(name, tag, digest), digest);
    const current = linkTo(layout.tagLink(name, tag), digest);
    await this.#noteWholeIfNew(name);
    // Both before this ends: a push looks last of all whether its manifest was deleted meanwhile, and then is done again.
    const move = async () => {
      const before = await this.find(name, tag);
      await this.#driver.write(history, current);
      return before;
    };
    const [before] = await Promise.all([this.#locked(name, tag, move), this.#index.note(name, tag, digest)]);
    return before;
  }

  /** @returns what it pointed at; `undefined` if there was no such tag */
  remove(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return this.#locked(name, tag, async () => {
      const found = await this.find(name, tag);
      await this.#driver.remove(layout.tag(name, tag));
      return found;
    });
  }

  /** @returns whether it still pointed there, and so was removed */
  removeIfAt(name: RepositoryName, tag: Tag, digest: Digest): Promise<boolean> {
    return this.#locked(name, tag, async () => {
      if ((await this.find(name, tag)) !== digest) return false;
      await this.#driver.remove(layout.tag(name, tag));
      return true;
    });
  }

  /**
   * Removes the tags of a manifest that is gone; none that was moved meanwhile, or whose manifest was pushed again. Of
   * very many tags those are looked at that were ever given to it. Where some are older than that record, they are
   * removed soon after: until then they are listed, and lead to nothing.
   * @returns those that were removed before it ends
   */
  async removeDangling(name: RepositoryName, digest: Digest): Promise<readonly Tag[]> {
    const children = await this.#names.tagNames(name);
    const removed = await this.#removeDangling(name, digest, children);
    await this.#index.forget(name, digest);
    return removed;
  }

  async #removeDangling(name: RepositoryName, digest: Digest, children: readonly string[]): Promise<readonly Tag[]> {
    if (children.length <= fewTags) return this.#removeIfDangling(name, digest, children.filter(isTag));
    const removed = await this.#removeIfDangling(name, digest, await this.#index.tagsOf(name, digest));
    if (await this.#index.isWhole(name)) return removed;
    return [...removed, ...(await this.#removeOlder(name, digest, children))];
  }

  async #removeOlder(name: RepositoryName, digest: Digest, children: readonly string[]): Promise<readonly Tag[]> {
    const known = this.#unindexed.known(name);
    if (known !== undefined) return this.#removeIfDangling(name, digest, known.get(digest) ?? []);
    const removal = this.#unindexed
      .read(name, children)
      .then((tags) => this.#removeIfDangling(name, digest, tags.get(digest) ?? []));
    // Nobody waits for it; what fails is done again with the next deletion.
    removal.catch(() => {});
    return [];
  }

  async #removeIfDangling(name: RepositoryName, digest: Digest, tags: readonly Tag[]): Promise<readonly Tag[]> {
    const removed: Tag[] = [];
    const isDangling = async (tag: Tag) =>
      (await this.find(name, tag)) === digest &&
      (await this.#links.find(layout.revisionLink(name, digest))) === undefined;
    for (const tag of tags) {
      if (!(await isDangling(tag))) continue;
      await this.#locked(name, tag, async () => {
        if (!(await isDangling(tag))) return;
        await this.#driver.remove(layout.tag(name, tag));
        removed.push(tag);
      });
    }
    return removed;
  }

  /** All that the tag ever pointed at, as far as that is still here. */
  async history(name: RepositoryName, tag: Tag): Promise<Digest[]> {
    const digests: string[] = [];
    for (const algorithm of digestAlgorithms) {
      const folders = await this.#driver.list(layout.tagHistoryOf(name, tag, algorithm));
      digests.push(...folders.map((hex) => `${algorithm}:${hex}`));
    }
    return digests.filter(isDigest);
  }

  /** Takes manifests that are gone out of the history of every tag. */
  async forget(name: RepositoryName, digests: ReadonlySet<Digest>): Promise<void> {
    for (const tag of (await this.#names.tagNames(name)).filter(isTag)) {
      for (const digest of await this.history(name, tag))
        if (digests.has(digest)) await this.#driver.remove(layout.tagHistory(name, tag, digest));
    }
  }

  async #noteWholeIfNew(name: RepositoryName): Promise<void> {
    if (this.#settled.has(name)) return;
    if ((await this.#names.tagNames(name)).length === 0) await this.#index.noteWhole(name);
    this.#settled.set(name, true);
  }

  async #anyWhole(name: RepositoryName, tags: readonly Tag[]): Promise<boolean> {
    for (const tag of tags) if (await this.#isWhole(name, tag)) return true;
    return false;
  }

  async #isWhole(name: RepositoryName, tag: Tag): Promise<boolean> {
    const stat = await this.#driver.stat(layout.tagLink(name, tag));
    return stat !== undefined && stat.size > 0;
  }

  #locked<Result>(name: RepositoryName, tag: Tag, action: () => Promise<Result>): Promise<Result> {
    return this.#driver.withLock(`tag ${name}:${tag}`, action);
  }
}
