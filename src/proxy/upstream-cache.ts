import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";
import { AllowedContent } from "./allowed-content.js";
import { BlobCache } from "./blob-cache.js";
import { BlobProofs } from "./blob-proofs.js";
import type { CachedHolders } from "./cached-holders.js";
import { BodyForms } from "./downloads/body-forms.js";
import type { Downloads } from "./downloads/downloads.js";
import { KeptManifests } from "./kept-manifests.js";
import { ListCache } from "./list-cache.js";
import { ManifestCache } from "./manifest-cache.js";
import { Ownership } from "./ownership.js";
import type { Upstream } from "./upstream.js";

/** The cache of one upstream: what serves its repositories. */
export interface UpstreamCache {
  readonly upstream: Upstream;
  readonly ownership: Ownership;
  readonly kept: KeptManifests;
  readonly manifests: ManifestCache;
  readonly blobs: BlobCache;
  readonly lists: ListCache;
  readonly allowed: AllowedContent;
}

/** What all upstreams share. */
interface SharedParts {
  readonly downloads: Downloads;
  readonly holders: CachedHolders;
  readonly log: Logger;
}

export function createUpstreamCache(
  storage: Storage,
  upstream: Upstream,
  { downloads, holders, log }: SharedParts,
): UpstreamCache {
  const ownership = new Ownership(storage, upstream);
  const policy = { ...upstream, forms: new BodyForms() };
  const proofs = new BlobProofs(upstream, log);
  const kept = new KeptManifests(storage, ownership);
  return {
    upstream,
    ownership,
    kept,
    manifests: new ManifestCache(kept, storage.tagChecks, upstream),
    blobs: new BlobCache(storage, upstream, { downloads, policy, holders, proofs, kept, ownership }),
    lists: new ListCache(storage, upstream),
    allowed: new AllowedContent(storage),
  };
}
