import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";

/** Where the content of a repository came from. */
export interface Origin {
  readonly kind: "own" | "cached";
  /** Its name in the configuration. */
  readonly upstream?: string;
}

/** @param stored the name that the repository is stored under */
export async function originOfContent(storage: Storage, stored: RepositoryName): Promise<Origin> {
  const upstream = await storage.owners.ownerOf(stored);
  return upstream === undefined ? { kind: "own" } : { kind: "cached", upstream };
}
