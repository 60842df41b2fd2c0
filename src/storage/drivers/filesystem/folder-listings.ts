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

/** What a listing of no names takes of them: a walk over all of a large store must not keep each small folder. */
const namesOfListing = 40;

/** Lies in the folder of the repositories where that has a volume of its own, and is no part of it. */
const ownFolder = ".berth";

const none: readonly string[] = [];

/** Lists folders, and lists them again only when they changed, by whichever process. */
export class FolderListings {
  readonly #listings: LRUCache<string, Listing>;

  /** @param mostNames how many names are remembered */
  constructor(mostNames: number) {
    this.#listings = new LRUCache({
      maxSize: mostNames,
      sizeCalculation: (listing) => listing.names.length + namesOfListing,
    });
  }

  /** Tells a folder's names from what they were before a change; `undefined` if one may have come a moment ago. */
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
    // The version is older than the listing: a change in between makes the next call list again.
    const found = await ifPresent(() => readdir(folder));
    const names = found === undefined ? none : await sortedInTurns(found.filter((name) => name !== ownFolder));
    if (version !== undefined) this.#listings.set(folder, { version, names });
    return names;
  }
}
