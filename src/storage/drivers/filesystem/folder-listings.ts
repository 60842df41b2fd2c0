import { readdir } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import { sortedInTurns } from "../../../foundation/sorted-in-turns.js";
import { statOf } from "./key-paths.js";
import { ifPresent } from "./system-error.js";
import { versionOf } from "./version.js";

interface Listing {
  readonly version: string;
  readonly names: readonly string[];
}

/** Weight of an empty listing, in names: a walk over a large store must not keep every small folder. */
const namesOfListing = 40;

/** Is in the folder of the repositories if that has a volume of its own, but does not belong to its content. */
const ownFolder = ".berth";

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

  /** Differs after the names in a folder changed; `undefined` if the latest change is too recent to tell. */
  version(folder: string): string | undefined {
    const stat = statOf(folder);
    return stat?.isDirectory() ? versionOf(stat) : "none";
  }

  async list(folder: string): Promise<readonly string[]> {
    const stat = statOf(folder);
    if (stat === undefined || !stat.isDirectory()) return none;
    const version = versionOf(stat);
    const known = this.#listings.get(folder);
    if (version !== undefined && known?.version === version) return known.names;
    // The version is read before the listing: a change in between makes the next call list again.
    const found = await ifPresent(() => readdir(folder));
    const names = found === undefined ? none : await sortedInTurns(found.filter((name) => name !== ownFolder));
    if (version !== undefined) this.#listings.set(folder, { version, names });
    return names;
  }
}
