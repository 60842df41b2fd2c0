import type { Descriptor } from "./descriptor.js";
import type { Digest } from "./digest.js";

/** A page of a list in code point order: at most `limit` items, all after `last`. */
export interface Page {
  readonly limit: number;
  readonly last?: string;
  /** No item after this one is needed: the page of another list, which this one is merged with, ends there. */
  readonly until?: string | undefined;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Whether more items follow. */
  readonly more: boolean;
  /** A sentence for the user, such as why the list is incomplete. */
  readonly warning?: string;
}

/** A page of a list of referrers. */
export interface ReferrersPage extends PageOf<Descriptor> {
  /** The digest after which the next page begins, if not the last item's: a filter may leave a page empty. */
  readonly last?: Digest;
}

/** A query for a page of a manifest's referrers; `last` is the last digest seen. */
export interface ReferrersQuery {
  readonly artifactType?: string;
  readonly last?: Digest;
}

/** A page of a list in code point order, found without walking the items before it. */
export function pageOf(all: readonly string[], page: Page): PageOf<string> {
  const start = firstAfter(all, page.last);
  const end = start + page.limit;
  const items = start === 0 && end >= all.length ? all : all.slice(start, end);
  return { items, more: end < all.length && page.limit > 0 };
}

/** The index of the first item after a text, in a list in code point order; 0 without a text. */
export function firstAfter(all: readonly string[], last: string | undefined): number {
  if (last === undefined) return 0;
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle] ?? "") <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
