import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** What names mean where not all of them are ours. */
export interface NameMeanings {
  /** The repository that a client means by a name. */
  sourceOf(from: RepositoryName): RepositoryName;
  /**
   * Whether content that a client knows from a repository may come from another one that lies here; `undefined` if it
   * never may. Of an upstream it may come from any: a client that had a layer already never asked this registry for it.
   */
  sourcesBeside(from: RepositoryName): ((stored: RepositoryName) => Promise<boolean>) | undefined;
  /** Whether what lies there is served to anybody: what may not be pulled may not be mounted either. */
  mayBeReadFrom(stored: RepositoryName): Promise<boolean>;
  /** What else somebody may have meant who asks for what is not there; goes on a sentence. */
  otherMeaningOf(name: RepositoryName): string | undefined;
}

/** All names are ours. @param adopt whether what was cached from upstreams is served as well */
export function plainMeanings(storage: Storage, adopt: boolean): NameMeanings {
  return {
    sourceOf: (from) => from,
    sourcesBeside: () => undefined,
    mayBeReadFrom: async (stored) => adopt || (await storage.cache.ownerOf(stored)) === undefined,
    otherMeaningOf: () => undefined,
  };
}
