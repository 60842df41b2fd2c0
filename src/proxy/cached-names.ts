import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { UpstreamNames } from "../registry/owners.js";
import type { Storage } from "../storage/storage.js";

/** The name of a cached repository in the catalog; `undefined` if no client may pull from it. */
export type ShownName = (stored: RepositoryName) => Promise<RepositoryName | undefined>;

interface CachedNames {
  readonly last: string | undefined;
  /** No name after this one is needed. */
  readonly until: string | undefined;
  readonly upstreams: readonly UpstreamNames[];
  readonly shownNameOf: ShownName;
}

/**
 * The names of cached repositories in code point order, after a given one. Walks only what was cached, as far as names
 * are read. Those of the default upstream may be shown with its prefix, which gives two orders to be merged.
 */
export async function* cachedNamesAfter(
  storage: Storage,
  { upstreams, ...wanted }: CachedNames,
): AsyncIterable<RepositoryName> {
  const walks = ["", ...upstreams.filter(({ isDefault }) => isDefault).map(({ prefix }) => `${prefix}/`)].map(
    (prefix) => shownWith(prefix, { storage, ...wanted })[Symbol.asyncIterator](),
  );
  const heads = await Promise.all(walks.map((walk) => walk.next()));
  for (;;) {
    const [first] = heads
      .flatMap(({ done, value }, index) => (done ? [] : [{ index, name: value }]))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const walk = first && walks[first.index];
    if (first === undefined || walk === undefined) return;
    yield first.name;
    heads[first.index] = await walk.next();
  }
}

interface Walking extends Omit<CachedNames, "upstreams"> {
  readonly storage: Storage;
}

/** Repositories shown under their stored name with a prefix, in the order of both. */
async function* shownWith(
  prefix: string,
  { storage, last, until, shownNameOf }: Walking,
): AsyncGenerator<RepositoryName, void> {
  // If the last name is greater than the prefix and does not begin with it, all names with the prefix come before it.
  if (last !== undefined && last > prefix && !last.startsWith(prefix)) return;
  const lastStored = last?.startsWith(prefix) ? last.slice(prefix.length) : undefined;
  for await (const name of storage.index.recordedAsCached(lastStored)) {
    const shown = `${prefix}${name}`;
    if (until !== undefined && shown > until) return;
    if (!isRepositoryName(shown) || (await shownNameOf(name)) !== shown) continue;
    if ((await storage.index.kinds(name)).manifests) yield shown;
  }
}
