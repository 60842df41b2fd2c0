import { BackgroundThread } from "../foundation/background-thread.js";
import { unpackNames } from "../foundation/text-pieces.js";
import { unpackFacts } from "../oci/packed-facts.js";
import type { LargeList, ListContent } from "./list-thread.js";
import { parseReferrers, type ReferrerPage } from "./parse-referrers.js";
import { parseTagPage, type TagPage } from "./tag-page.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/*
 * Pages of lists of any size, of which only small ones are parsed on the event loop: parsing, checking and sorting a
 * page of 8 MiB would block it for a quarter of a second. That is done in a thread, one page at a time.
 */

/** Smaller pages are parsed within a millisecond or two. */
const smallBytes = 128 * 1024;

const thread = new BackgroundThread<LargeList, ListContent>(new URL("./list-thread.js", import.meta.url));

/**
 * Parses a page of tags.
 * @param isWhole whether it is the whole list: then a large one is sorted right away
 */
export async function readTags(bytes: Buffer, isWhole: boolean): Promise<TagPage> {
  if (bytes.length <= smallBytes) return parseTagPage(bytes);
  const page = await inThread("tags", bytes, isWhole);
  if (page === undefined || page === "no list") return page;
  return unpackNames(page);
}

/** Parses a page of referrers. */
export async function readReferrers(bytes: Buffer): Promise<ReferrerPage | undefined> {
  if (bytes.length <= smallBytes) return parseReferrers(bytes);
  const page = await inThread("referrers", bytes, false);
  // The thread packed what `parseReferrers` returns.
  return typeof page === "object" ? ((await unpackFacts(page)) as ReferrerPage) : undefined;
}

/** @throws InvalidAnswerError if it has more values, keys or levels than any list */
async function inThread(list: LargeList["list"], bytes: Buffer, isWhole: boolean) {
  const copy = new Uint8Array(bytes);
  const page = await thread.run({ content: { list, bytes: copy, isWhole }, memory: [copy.buffer] });
  if (page === "excessive") throw new InvalidAnswerError("its list has more values, keys or levels than any list");
  return page;
}
