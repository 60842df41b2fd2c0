import type { Descriptor } from "../oci/descriptor.js";
import type { PageOf, ReferrersQuery } from "../oci/listing.js";

/**
 * A response must fit into a manifest's usual 4 MiB (distribution-spec, "Listing Referrers"); this leaves room for the
 * index around it.
 */
const pageBytes = 4 * 1024 * 1024 - 64 * 1024;

/** The size of a referrer in a response. */
export function sizeOfReferrer(referrer: Descriptor): number {
  return Buffer.byteLength(JSON.stringify(referrer)) + 1;
}

/** @param all sorted by digest */
export function pageOfReferrers(
  all: readonly Descriptor[],
  { artifactType, last }: ReferrersQuery,
): PageOf<Descriptor> {
  const items: Descriptor[] = [];
  let bytes = 0;
  for (const referrer of all) {
    if (last !== undefined && referrer.digest <= last) continue;
    if (artifactType !== undefined && referrer.artifactType !== artifactType) continue;
    bytes += sizeOfReferrer(referrer);
    if (bytes > pageBytes && items.length > 0) return { items, more: true };
    items.push(referrer);
  }
  return { items, more: false };
}
