import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
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
export async function pageOfReferrers(
  all: readonly Descriptor[],
  { artifactType, last }: ReferrersQuery,
): Promise<PageOf<Descriptor>> {
  const items: Descriptor[] = [];
  const breaks = new EventLoopBreaks();
  let bytes = 0;
  for (const referrer of all) {
    await breaks.take();
    if (last !== undefined && referrer.digest <= last) continue;
    if (artifactType !== undefined && referrer.artifactType !== artifactType) continue;
    bytes += sizeOfReferrer(referrer);
    if (bytes > pageBytes && items.length > 0) return { items, more: true };
    items.push(referrer);
  }
  return { items, more: false };
}
