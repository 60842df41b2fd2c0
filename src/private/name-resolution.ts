import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** How names are interpreted where not all of them are private. */
export interface NameResolution {
  /** The repository that a client means by a name. */
  sourceOf(from: RepositoryName): RepositoryName;
  /**
   * Says from which other stored repositories content of `from` may be mounted; `undefined` if from none. Content of an
   * upstream may come from any: a client that already had a layer never requested it from this registry.
   */
  sourcesBeside(from: RepositoryName): ((stored: RepositoryName) => Promise<boolean>) | undefined;
  /** Whether content of this repository is served to anyone: what cannot be pulled cannot be mounted either. */
  mayBeReadFrom(stored: RepositoryName): Promise<boolean>;
  /** What else may be meant by the name of missing content; appended to a sentence. */
  otherMeaningOf(name: RepositoryName): string | undefined;
}

/** All names are private. @param adopt whether content cached from upstreams is served too */
export function privateNameResolution(storage: Storage, adopt: boolean): NameResolution {
  return {
    sourceOf: (from) => from,
    sourcesBeside: () => undefined,
    mayBeReadFrom: async (stored) => adopt || (await storage.owners.ownerOf(stored)) === undefined,
    otherMeaningOf: () => undefined,
  };
}
