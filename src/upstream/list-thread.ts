import { doJobs } from "../foundation/background-jobs.js";
import { freeMemory } from "../foundation/free-memory.js";
import { packNames, type TextPieces } from "../foundation/text-pieces.js";
import { type ManifestBounds, scanManifest } from "../oci/manifest-scan.js";
import { packFacts } from "../oci/packed-facts.js";
import { parseReferrers } from "./parse-referrers.js";
import { parseTagPage, type TagPage } from "./tag-page.js";

/** A large page of a list. */
export interface LargeList {
  readonly list: "tags" | "referrers";
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it is the whole list, and may be sorted. */
  readonly isWhole: boolean;
}

/**
 * No list has more. What is parsed takes memory for each value and each level: 500 MB for a page of 6 MiB that is
 * nothing but brackets.
 */
const listBounds: ManifestBounds = { depth: 100, values: 2_000_000, keys: 100_000 };

/** A page in pieces; `"excessive"` if it would take too much memory. */
export type ListContent = TextPieces | Exclude<TagPage, readonly string[]> | "excessive";

// Runs in its own thread.
doJobs<LargeList, ListContent>(({ list, bytes, isWhole }) => {
  const page = Buffer.from(bytes.buffer);
  if (scanManifest(page, listBounds).excess !== undefined) return { content: "excessive", memory: [] };
  const content = list === "tags" ? readTags(page, isWhole) : readReferrers(page);
  freeMemory(page);
  return { content, memory: typeof content === "object" ? [content.bytes.buffer] : [] };
});

function readReferrers(page: Buffer): ListContent {
  const read = parseReferrers(page);
  return read && packFacts(read);
}

function readTags(page: Buffer, isWhole: boolean): ListContent {
  const found = parseTagPage(page);
  if (found === undefined || found === "no list") return found;
  return packNames(isWhole ? [...new Set(found)].sort() : found);
}
