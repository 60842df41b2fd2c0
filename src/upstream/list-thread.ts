import { doJobs } from "../foundation/background-jobs.js";
import { packNames, type TextPieces } from "../foundation/text-pieces.js";
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

type Packed = TextPieces | Exclude<TagPage, readonly string[]>;

// Runs in its own thread.
doJobs<LargeList, Packed>(({ list, bytes, isWhole }) => {
  const page = Buffer.from(bytes.buffer);
  const content = list === "tags" ? readTags(page, isWhole) : readReferrers(page);
  return { content, memory: typeof content === "object" ? [content.bytes.buffer] : [] };
});

function readReferrers(page: Buffer): Packed {
  const read = parseReferrers(page);
  return read && packFacts(read);
}

function readTags(page: Buffer, isWhole: boolean): Packed {
  const found = parseTagPage(page);
  if (found === undefined || found === "no list") return found;
  return packNames(isWhole ? [...new Set(found)].sort() : found);
}
