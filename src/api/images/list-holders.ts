import type { Exchange } from "../../http/exchange.js";
import type { Digest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { firstAfter } from "../../oci/listing.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { Storage } from "../../storage/storage.js";
import { lookAt } from "../looking.js";
import { digestOf, textOf } from "../query.js";
import type { Censuses } from "./content-census.js";

const shownHolders = 100;
const shownTags = 100;

interface HolderParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly censuses: Censuses;
  /** The name in lists of a repository that is stored under this one. */
  shownNameOf(stored: RepositoryName): RepositoryName;
}

/** The repositories that share a manifest or blob, among those that the client may pull. */
export async function listHolders(exchange: Exchange, parts: HolderParts): Promise<unknown> {
  const digest = digestOf(exchange);
  const last = textOf(exchange, "last");
  const { censuses, storage } = parts;
  const counted = (await censuses.last())?.holders(digest) ?? [];
  // Those that this process knows of may be newer than the census.
  const candidates = [...new Set([...counted, ...storage.holders.known(digest)])].sort();
  const items: unknown[] = [];
  let index = firstAfter(candidates, last);
  for (; index < candidates.length && items.length < shownHolders; index++) {
    const stored = candidates[index];
    const holder = stored && (await holderOf(exchange, parts, stored, digest));
    if (holder !== undefined) items.push(holder);
  }
  return { items, next: index < candidates.length ? candidates[index - 1] : undefined };
}

async function holderOf(exchange: Exchange, parts: HolderParts, stored: RepositoryName, digest: Digest) {
  const { storage } = parts;
  const isManifest = await storage.manifests.isLinked(stored, digest);
  if (!isManifest && (await storage.repository(stored).linkedBlob(digest)) === undefined) return undefined;
  const repository = await shownName(exchange, parts, stored);
  if (repository === undefined) return undefined;
  if (!isManifest) return { repository, as: "blob" };
  const tags = await storage.tags.pointingAt(stored, digest);
  return { repository, as: "manifest", tags: tags.slice(0, shownTags) };
}

/** The name by which this client may pull from it; `undefined` if it may not. */
async function shownName(
  exchange: Exchange,
  { registry, shownNameOf }: HolderParts,
  stored: RepositoryName,
): Promise<RepositoryName | undefined> {
  const name = shownNameOf(stored);
  try {
    return (await lookAt(registry, exchange, name)).name === stored ? name : undefined;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
