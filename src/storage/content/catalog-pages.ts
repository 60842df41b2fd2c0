import { LRUCache } from "lru-cache";
import { answeredAhead } from "../../foundation/answered-ahead.js";
import type { Page, PageOf } from "../../oci/listing.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { ContentIndex, IndexedRepository } from "./content-index.js";

interface KnownPage extends PageOf<RepositoryName> {
  readonly generation: string;
  readonly readAtMs: number;
}

/** How long a repository written by another program than Berth may stay unnoticed. */
const trustedForMs = 5_000;
const rememberedNames = 100_000;

/** Names in code point order, read only as far as they are needed, and none after `until`. */
export type NamesAfter = (last: string | undefined, until: string | undefined) => AsyncIterable<RepositoryName>;

/** Pages of repository names. Each reads only as much of the storage as it shows. */
export class CatalogPages {
  readonly #index: ContentIndex;
  readonly #namesAfter: NamesAfter;
  readonly #known = new LRUCache<string, KnownPage>({
    maxSize: rememberedNames,
    sizeCalculation: ({ items }) => items.length + 1,
  });

  /** @param index reports when a repository was created */
  constructor(index: ContentIndex, namesAfter: NamesAfter) {
    this.#index = index;
    this.#namesAfter = namesAfter;
  }

  /** The same array as long as it is known to be unchanged. */
  async page(page: Page): Promise<PageOf<RepositoryName>> {
    const key = `${page.limit} ${page.last ?? ""} ${page.until ?? ""}`;
    // Read before the tree: a repository that is created meanwhile makes the next call read the tree again.
    const generation = await this.#index.generation();
    const known = this.#known.get(key);
    if (known !== undefined && known.generation === generation && performance.now() - known.readAtMs < trustedForMs)
      return known;
    const readAtMs = performance.now();
    const read = await this.#read(page);
    if (generation !== undefined) this.#known.set(key, { ...read, generation, readAtMs });
    return read;
  }

  async #read({ limit, last, until }: Page): Promise<PageOf<RepositoryName>> {
    const items: RepositoryName[] = [];
    if (limit === 0) return { items, more: false };
    for await (const name of this.#namesAfter(last, until)) {
      if (items.length === limit) return { items, more: true };
      items.push(name);
    }
    return { items, more: false };
  }
}

/** The repositories that hold manifests, among those that a filter accepts. */
export async function* holdersOfManifests(
  index: ContentIndex,
  last: string | undefined,
  isShown: (name: RepositoryName) => Promise<boolean>,
): AsyncIterable<RepositoryName> {
  const ask = async ({ name, holdsManifests }: IndexedRepository) => holdsManifests && isShown(name);
  for await (const { item, answer } of answeredAhead(index.repositories(last), index.askedAhead, ask))
    if (answer) yield item.name;
}
