import { firstAfter } from "../../oci/listing.js";
import type { NamesWanted } from "../driver.js";

/** The selected part of sorted names; the same array if that is all of them. */
export function wantedOf(sorted: readonly string[], { after, limit }: NamesWanted = {}): readonly string[] {
  const start = firstAfter(sorted, after);
  const end = limit === undefined ? sorted.length : Math.min(sorted.length, start + limit);
  return start === 0 && end === sorted.length ? sorted : sorted.slice(start, end);
}
