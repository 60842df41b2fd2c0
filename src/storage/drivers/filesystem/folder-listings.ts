import type { Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import { sortedInTurns } from "../../../foundation/sorted-in-turns.js";
import { namesOfContent } from "./file-answers.js";
import { isLargeFolder, namesInLargeFolder } from "./large-folders.js";
import { ifPresent } from "./system-error.js";
import { versionOf } from "./version.js";

interface Listing {
  readonly version: string;
  readonly names: readonly string[];
}

/** Weight of an empty listing, in names: a walk over a large store must not keep every small folder. */
const namesOfListing = 40;

interface ListedFolder {
  readonly path: string;
  readonly stat: Stats;
}

const none: readonly string[] = [];

/** Lists folders, and lists them again only after they were changed, by any process. */
export class FolderListings {
  readonly #listings: LRUCache<string, Listing>;

  /** @param mostNames how many names are cached */
  constructor(mostNames: number) {
    this.#listings = new LRUCache({
      maxSize: mostNames,
      sizeCalculation: (listing) => listing.names.length + namesOfListing,
    });
  }

  async list({ path, stat }: ListedFolder): Promise<readonly string[]> {
    const version = versionOf(stat);
    const known = this.#listings.get(path);
    if (version !== undefined && known?.version === version) return known.names;
    // The version is read before the listing: a change in between makes the next call list again.
    const found = await namesIn(path, stat);
    const names = found === undefined ? none : await sortedInTurns(found);
    if (version !== undefined) this.#listings.set(path, { version, names });
    return names;
  }
}

async function namesIn(path: string, stat: Stats): Promise<readonly string[] | undefined> {
  const names = isLargeFolder(stat) ? await namesInLargeFolder(path) : undefined;
  return names ?? ifPresent(async () => namesOfContent(await readdir(path)));
}
