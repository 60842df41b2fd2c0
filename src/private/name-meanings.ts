import type { RepositoryName } from "../oci/repository-name.js";

/** What names mean where not all of them are ours. */
export interface NameMeanings {
  /**
   * Where content may lie that somebody knows from a repository, the likeliest place first. Of a cached one that may be
   * another of the same upstream: a client that had a layer already never asked this registry for it there.
   */
  sourcesOf(from: RepositoryName): Promise<Iterable<RepositoryName>>;
  /** What else somebody may have meant who asks for what is not there; goes on a sentence. */
  otherMeaningOf(name: RepositoryName): string | undefined;
}

/** All names are ours. */
export const plainMeanings: NameMeanings = { sourcesOf: async (from) => [from], otherMeaningOf: () => undefined };
