import type { Descriptor } from "./descriptor.js";
import type { Digest } from "./digest.js";

/** A part of a list in code point order: at most `limit` items, all after `last`. */
export interface Page {
  readonly limit: number;
  readonly last?: string;
  /** Nothing after this one is wanted: there another list's page ends, which this one is merged with. */
  readonly until?: string | undefined;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Whether there are items after these. */
  readonly more: boolean;
  /** A sentence for the user, such as why not all are listed. */
  readonly warning?: string;
}

/** A part of a list of referrers. */
export interface ReferrersPage extends PageOf<Descriptor> {
  /** Behind which digest the next page begins, if not behind the last item: a filter may leave a page empty. */
  readonly last?: Digest;
}

/** A part of the referrers of a manifest; `last` is the digest of the last one seen. */
export interface ReferrersQuery {
  readonly artifactType?: string;
  readonly last?: Digest;
}

/** A part of a list that is in code point order, found without walking what comes before it. */
export function pageOf(all: readonly string[], page: Page): PageOf<string> {
  const start = firstAfter(all, page.last);
  const end = start + page.limit;
  const items = start === 0 && end >= all.length ? all : all.slice(start, end);
  return { items, more: end < all.length && page.limit > 0 };
}

/** Where what comes after a text begins in a list that is in code point order; at the start if there is no text. */
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
