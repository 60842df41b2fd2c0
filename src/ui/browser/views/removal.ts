import type { Deletion, Eviction } from "../api/content-answers.js";
import { apiPath, change } from "../api/request.js";

/** What is to go: own content, or a copy in the cache. */
export type Removal =
  | {
      readonly kind: "delete";
      readonly repository: string;
      readonly tags?: readonly string[];
      readonly digests?: readonly string[];
      readonly everything?: boolean;
    }
  | { readonly kind: "evict"; readonly repository: string; readonly reference?: string };

/** Does it, or with `dryRun` only says what would go. @throws ApiError */
export async function remove({ kind, ...request }: Removal, dryRun: boolean): Promise<Deletion> {
  if (kind === "delete") return change("POST", apiPath("deletions"), { ...request, dryRun });
  const evicted = await change<Eviction>("POST", apiPath("evictions"), { ...request, dryRun });
  return { ...evicted, kept: [], alreadyGone: [], failed: [], notes: [] };
}
