import { nextTurn } from "../foundation/event-loop-breaks.js";
import { sortedInTurns } from "../foundation/sorted-in-turns.js";
import { type Page, type PageOf, pageOf } from "../oci/listing.js";
import type { RepositoryRules } from "./content-rules.js";

/** After looking at this many tags, other work gets a turn. */
const tagsATurn = 8_192;

/** Memory of a string in addition to its characters. */
const bytesBeside = 40;

/**
 * The tags of one repository, read from the upstream as far as they are needed. A client that needs more reads the next
 * page, one at a time for all; when no client waits, nothing more is read, and a later one continues there.
 */
export class GrowingTagList {
  readonly #pages: AsyncIterator<readonly string[]>;
  #tags: string[] = [];
  /**
   * Whether they are in the order of the specification, so that what was read is the beginning (distribution-spec,
   * "Listing Tags").
   */
  #isOrdered = true;
  #isWhole = false;
  #bytes = 0;
  #isBroken = false;
  #reading: Promise<void> | undefined;

  constructor(pages: AsyncIterable<readonly string[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Its approximate size in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it can no longer be continued: a new one must be started. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * @param grew called each time that more was read; may throw
   * @throws a failure of the upstream's pages, or the signal's reason
   */
  async page(page: Page, rules: RepositoryRules, signal: AbortSignal, grew: () => void): Promise<PageOf<string>> {
    const seen = { looked: 0, found: 0 };
    for (;;) {
      await this.#look(seen, page, rules);
      // One more than needed tells whether there are more.
      if (this.#isWhole || (this.#isOrdered && seen.found > page.limit)) return pageOf(rules.allowed(this.#tags), page);
      signal.throwIfAborted();
      this.#reading ??= this.#readOn().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
      grew();
    }
  }

  /** Counts those that belong to the page, among the tags that were read since the last look. */
  async #look(seen: { looked: number; found: number }, page: Page, rules: RepositoryRules): Promise<void> {
    for (; !this.#isWhole && this.#isOrdered && seen.looked < this.#tags.length; seen.looked++) {
      const tag = this.#tags[seen.looked] ?? "";
      if ((page.last === undefined || tag > page.last) && rules.allows(tag)) seen.found += 1;
      if (seen.looked % tagsATurn === tagsATurn - 1) await nextTurn();
    }
  }

  async #readOn(): Promise<void> {
    const { value = [], done } = await this.#pages.next().catch((error) => {
      this.#isBroken = true;
      throw error;
    });
    // After a failure, the pages only seem to be at their end.
    if (this.#isBroken) throw new Error("a list of tags was read on after it had broken");
    if (done) return this.#end();
    let last = this.#tags.at(-1) ?? "";
    for (const [index, tag] of value.entries()) {
      this.#isOrdered &&= tag > last;
      last = tag;
      this.#tags.push(tag);
      this.#bytes += tag.length + bytesBeside;
      if (index % tagsATurn === tagsATurn - 1) await nextTurn();
    }
  }

  async #end(): Promise<void> {
    if (!this.#isOrdered) this.#tags = [...(await sortedInTurns([...new Set(this.#tags)]))];
    this.#isOrdered = true;
    this.#isWhole = true;
  }
}
