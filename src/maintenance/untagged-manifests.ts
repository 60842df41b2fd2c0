import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { TagChange } from "../storage/content/tag-change.js";
import type { Storage } from "../storage/storage.js";
import type { CollectionRun } from "./collection-run.js";

/** What becomes of the manifests of a repository that no tag needs. */
export interface UntaggedManifests {
  readonly mayGo: boolean;
  /** How long one stays after it lost its last tag, or was pushed or pulled; in milliseconds. */
  readonly keepMs: number;
}

/** By the run, or by a policy, which is for private repositories only. */
export async function untaggedManifestsOf(run: CollectionRun, name: RepositoryName): Promise<UntaggedManifests> {
  if (run.deleteUntagged) return { mayGo: true, keepMs: 0 };
  const keepMs = run.judge.times.untaggedKeepOf?.(name);
  if (keepMs === undefined || (await run.storage.owners.readOwner(name)) !== undefined)
    return { mayGo: false, keepMs: 0 };
  return { mayGo: true, keepMs };
}

/** When an untagged manifest was last of use, in milliseconds since 1970; 0 if nothing is known. */
export async function lastOfUse(storage: Storage, name: RepositoryName, digest: Digest): Promise<number> {
  const times = [await storage.manifests.receivedAt(name, digest), await storage.uses.lastPull(name, digest)];
  for (const tag of await storage.tags.ofManifests.everPointingAt(name, digest))
    times.push(leftAt(await storage.tags.history.changes(name, tag), digest));
  return Math.max(0, ...times.map((time) => time ?? 0));
}

/** When a tag left a manifest: the time of the change after the last one that pointed it there. */
function leftAt(newestFirst: readonly TagChange[], digest: Digest): number | undefined {
  const last = newestFirst.findIndex((change) => change.kind === "moved" && change.digest === digest);
  return last < 0 ? undefined : newestFirst[Math.max(0, last - 1)]?.atMs;
}
