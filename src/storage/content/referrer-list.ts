import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import type { ReferrersPage, ReferrersQuery } from "../../oci/listing.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../storage.js";
import { fallbackChildren, recordFallbackReferrer } from "./fallback-referrers.js";
import { ReadAllowance } from "./read-allowance.js";

/**
 * A response must fit into a manifest's usual 4 MiB (distribution-spec, "Listing Referrers"); this leaves room for the
 * index around it.
 */
const pageBytes = 4 * 1024 * 1024 - 64 * 1024;
const pageItems = 1_000;

/** Lists the referrers of a manifest by digest, as many as fit into one response and its read limit. */
export async function listReferrers(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
  query: ReferrersQuery,
): Promise<ReferrersPage> {
  await storage.referrerRebuild.runIfMissing(name);
  const recorded = await storage.referrers.list(name, subject);
  const isRecorded = new Set(recorded);
  const unrecorded = (await fallbackChildren(storage, name, subject)).filter((digest) => !isRecorded.has(digest));
  const { last } = query;
  const digests = [...recorded, ...unrecorded].filter((digest) => last === undefined || digest > last).sort();
  const page = new PageInProgress();
  const allowance = new ReadAllowance();
  const breaks = new EventLoopBreaks();
  for (const digest of digests) {
    if (allowance.isUsedUp) return page.upTo(page.lookedAt);
    await breaks.take();
    const referrer = isRecorded.has(digest)
      ? await storage.referrers.find(name, subject, { digest, allowance })
      : await recordFallbackReferrer(storage, name, subject, { digest, allowance });
    // A record may outlast its manifest, if another program collected that.
    const isListed = referrer && matches(referrer, query) && (await storage.manifests.isLinked(name, digest));
    if (isListed && !page.add(referrer)) return page.upTo(page.items.at(-1)?.digest);
    page.lookedAt = digest;
  }
  return { items: page.items, more: false };
}

class PageInProgress {
  readonly items: Descriptor[] = [];
  lookedAt: Digest | undefined;
  #bytes = 0;

  /** @returns whether there is room; a first item always fits */
  add(referrer: Descriptor): boolean {
    this.#bytes += Buffer.byteLength(JSON.stringify(referrer));
    if (this.items.length > 0 && (this.#bytes > pageBytes || this.items.length === pageItems)) return false;
    this.items.push(referrer);
    return true;
  }

  upTo(last: Digest | undefined): ReferrersPage {
    return { items: this.items, more: true, ...(last !== undefined && { last }) };
  }
}

function matches(referrer: Descriptor, query: ReferrersQuery): boolean {
  return query.artifactType === undefined || referrer.artifactType === query.artifactType;
}
