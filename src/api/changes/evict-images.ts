import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import { isDigestReference, parseReference } from "../../oci/reference.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import { chosenImages, type RemovalTarget, removeCached, whyNotRemovable } from "../../proxy/eviction/cache-removal.js";
import type { Registry } from "../../registry/registry.js";
import { clearAside, withEvictionLock } from "../../storage/content/unlinked-blobs.js";
import type { Storage } from "../../storage/storage.js";
import { lookAt } from "../looking.js";
import type { NameIndex } from "../names/name-index.js";
import { longestName } from "../query.js";
import { requireAdminOf } from "./administration.js";
import { JsonBody } from "./json-body.js";

const longestReference = 140;

interface EvictParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly names: NameIndex;
}

/** Deletes cached images before they are the least recently used, or says which would go. */
export async function evictImages(exchange: Exchange, { registry, storage, names }: EvictParts): Promise<unknown> {
  const body = await JsonBody.read(exchange, ["repository", "reference", "dryRun"]);
  const name = parseRepositoryName(body.text("repository", longestName));
  const written = body.optionalText("reference", longestReference);
  const dryRun = body.flag("dryRun");
  requireAdminOf(exchange, name);
  const { name: stored } = await lookAt(registry, exchange, name);
  const target = targetOf(stored, written);
  const problem = await whyNotRemovable(storage, target);
  if (problem !== undefined) throw new RegistryError("MANIFEST_UNKNOWN", problem, { detail: { name } });
  const images = await chosenImages(storage, target);
  const tags = new Set(images.flatMap((image) => [...image.tags.keys()]));
  if (target.tag !== undefined) tags.add(target.tag);
  const manifests = [...new Set(images.flatMap((image) => image.manifests))];
  const size = dryRun ? undefined : await evict(storage, target);
  if (!dryRun && written === undefined) {
    names.forget(name);
  }
  exchange.log.info(dryRun ? "eviction planned" : "images evicted by request", {
    repository: stored,
    reference: written,
  });
  return { repository: name, dryRun, manifests, tags: [...tags], size };
}

function targetOf(name: RemovalTarget["name"], written: string | undefined): RemovalTarget {
  const reference = written === undefined ? undefined : parseReference(written);
  if (reference === undefined) return { name, tag: undefined, digest: undefined };
  return isDigestReference(reference)
    ? { name, tag: undefined, digest: reference }
    : { name, tag: reference, digest: undefined };
}

function evict(storage: Storage, target: RemovalTarget): Promise<number> {
  return withEvictionLock(storage, async () => {
    await clearAside(storage);
    return removeCached(storage, target);
  });
}
