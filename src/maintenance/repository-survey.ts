import { oneAhead } from "../foundation/one-ahead.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { RepositoryHoldings } from "../storage/content/repository-holdings.js";
import type { Storage } from "../storage/storage.js";
import { ManifestReader } from "./held-manifests.js";
import type { KnownRepositories } from "./known-repositories.js";
import type { FoundRepository } from "./repository-mark.js";

/** Repositories that are listed with one order to another thread. */
const listedAtOnce = 100;

/** Manifests that are in memory at the same time, unless one repository has more. */
const manifestsAtOnce = 300;

/**
 * Repositories with their manifests, of which those that are known are not read again. While the caller looks at some, the next are listed and read.
 */
export async function* foundRepositories(
  storage: Storage,
  names: readonly RepositoryName[],
  known: KnownRepositories,
): AsyncIterable<FoundRepository> {
  const reader = new ManifestReader(storage, known.manifests);
  for await (const found of oneAhead(readAll(reader, oneAhead(listAll(storage, names, known))))) yield* found;
}

async function* listAll(
  storage: Storage,
  names: readonly RepositoryName[],
  known: KnownRepositories,
): AsyncIterable<readonly RepositoryHoldings[]> {
  for (let start = 0; start < names.length; start += listedAtOnce) {
    const some = names.slice(start, start + listedAtOnce);
    yield await storage.index.holdings(some, known.linkedManifestsOf(some));
  }
}

async function* readAll(
  reader: ManifestReader,
  listed: AsyncIterable<readonly RepositoryHoldings[]>,
): AsyncIterable<FoundRepository[]> {
  for await (const holdings of listed) {
    for (const group of groupsOf(holdings)) {
      const held = await reader.readHeld(group);
      yield group.map((each) => ({ holdings: each, held: held.get(each.name) ?? new Map() }));
    }
  }
}

function groupsOf(holdings: readonly RepositoryHoldings[]): RepositoryHoldings[][] {
  const groups: RepositoryHoldings[][] = [];
  let room = 0;
  for (const each of holdings) {
    const group = groups.at(-1);
    if (group === undefined || room < each.manifests.length) groups.push([each]);
    else group.push(each);
    room = (group === groups.at(-1) ? room : manifestsAtOnce) - each.manifests.length;
  }
  return groups;
}
