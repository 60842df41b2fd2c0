import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";
import { originOfContent } from "./origin.js";

/** What nobody may do with a tag: move or delete it, or delete it. */
export type TagGuard = "immutable" | "protected";

/** How much the repositories of some patterns may hold together, in bytes. */
export interface StorageQuota {
  readonly repositories: readonly string[];
  /** As last recorded; `undefined` if nothing has counted it yet, or the record cannot be read. */
  readonly used: number | undefined;
  readonly isUnreadable: boolean;
  readonly limit: number;
}

/** What the configuration sets for private repositories. */
export interface RepositoryLimits {
  guardOf(name: RepositoryName, tag: Tag): TagGuard | undefined;
  /** The quotas that it belongs to. */
  quotasOf(name: RepositoryName): Promise<readonly StorageQuota[]>;
  quotas(): Promise<readonly StorageQuota[]>;
}

/** Guards of the tags of a repository: none of those that are cached, which follow their upstream. */
export async function guardsIn(
  storage: Storage,
  limits: RepositoryLimits,
  stored: RepositoryName,
): Promise<(tag: Tag) => TagGuard | undefined> {
  const { kind } = await originOfContent(storage, stored);
  return kind === "own" ? (tag) => limits.guardOf(stored, tag) : () => undefined;
}
