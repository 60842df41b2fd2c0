import type { RepositoryName } from "../oci/repository-name.js";

/** What names mean where not all of them are ours. */
export interface NameMeanings {
  /** Where the content of a repository lies, whoever owns it. */
  storedNameOf(name: RepositoryName): RepositoryName;
  /** What else somebody may have meant who asks for what is not there; goes on a sentence. */
  otherMeaningOf(name: RepositoryName): string | undefined;
}

/** All names are ours. */
export const plainMeanings: NameMeanings = { storedNameOf: (name) => name, otherMeaningOf: () => undefined };
