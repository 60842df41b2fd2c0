import { LRUCache } from "lru-cache";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { repositoryFolders } from "./layout.js";
import { repositoriesAfter } from "./repository-walk.js";
import type { Storage } from "./storage.js";

interface KnownPage extends PageOf<RepositoryName> {
  readonly generation: string;
  readonly readAtMs: number;
}

/** How long a repository that a program other than Berth wrote may stay unseen. */
const trustedForMs = 5_000;
const rememberedNames = 100_000;

/** Pages of the repositories that hold manifests. Each reads as much of the tree as it shows. */
export class CatalogPages {
  readonly #storage: Storage;
  readonly #isShown: (name: RepositoryName) => Promise<boolean>;
  readonly #known = new LRUCache<string, KnownPage>({
    maxSize: rememberedNames,
    sizeCalculation: ({ items }) => items.length + 1,
  });

  constructor(storage: Storage, isShown: (name: RepositoryName) => Promise<boolean>) {
    this.#storage = storage;
    this.#isShown = isShown;
  }

  /** The same array as long as it is known to be the same. */
  async page(page: Page): Promise<PageOf<RepositoryName>> {
    const key = `${page.limit} ${page.last ?? ""}`;
    // Asked before the tree is read: a repository that comes meanwhile makes the next one read it again.
    const generation = await this.#storage.catalog.generation();
    const known = this.#known.get(key);
    if (known !== undefined && known.generation === generation && performance.now() - known.readAtMs < trustedForMs)
      return known;
    const readAtMs = performance.now();
    const read = await this.#read(page);
    if (generation !== undefined) this.#known.set(key, { ...read, generation, readAtMs });
    return read;
  }

  async #read({ limit, last }: Page): Promise<PageOf<RepositoryName>> {
    const items: RepositoryName[] = [];
    if (limit === 0) return { items, more: false };
    for await (const { name, folders } of repositoriesAfter(this.#storage.driver, last)) {
      if (!folders.includes(repositoryFolders.manifests) || !(await this.#isShown(name))) continue;
      if (items.length === limit) return { items, more: true };
      items.push(name);
    }
    return { items, more: false };
  }
}
