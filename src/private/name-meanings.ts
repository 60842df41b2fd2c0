import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** What names mean where not all of them are ours. */
export interface NameMeanings {
  /**
   * Where content may lie that somebody knows from a repository, the likeliest place first. Of a cached one that may be
   * another of the same upstream: a client that had a layer already never asked this registry for it there.
   */
  sourcesOf(from: RepositoryName): Promise<Iterable<RepositoryName>>;
  /** Whether what lies there is served to anybody: what may not be pulled may not be mounted either. */
  mayBeReadFrom(stored: RepositoryName): Promise<boolean>;
  /** What else somebody may have meant who asks for what is not there; goes on a sentence. */
  otherMeaningOf(name: RepositoryName): string | undefined;
}

/** All names are ours. @param adopt whether what was cached from upstreams is served as well */
export function plainMeanings(storage: Storage, adopt: boolean): NameMeanings {
  return {
    sourcesOf: async (from) => [from],
    mayBeReadFrom: async (stored) => adopt || (await storage.cache.ownerOf(stored)) === undefined,
    otherMeaningOf: () => undefined,
  };
}
