import type { Digest } from "../oci/digest.js";
import { isTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { layout } from "../storage/layout.js";
import type { Storage } from "../storage/storage.js";
import { type HeldManifest, readHeldManifests } from "./held-manifests.js";
import type { MarkRules } from "./mark-rules.js";
import { reachableManifests } from "./reachable-manifests.js";

/** Which of a repository's manifests stay. */
export interface ManifestMark {
  readonly kept: ReadonlySet<Digest>;
  readonly unkept: readonly Digest[];
  /** The kept manifests and all that they name, each by all the digests that it goes by. */
  readonly named: ReadonlySet<Digest>;
  /** A manifest that cannot be read may name anything: then every blob of the repository stays. */
  readonly isUnreadable: boolean;
  /** Why more stays than should be needed, in sentences. */
  readonly problems: readonly string[];
}

export async function markManifests(storage: Storage, name: RepositoryName, rules: MarkRules): Promise<ManifestMark> {
  const held = await readHeldManifests(storage, name);
  const problems = problemsOf(held);
  const isUnreadable = problems.length > 0;
  const tagged = await taggedManifests(storage, name);
  problems.push(...tagged.problems);
  const roots = rules.deleteUntagged && problems.length === 0 ? tagged.digests : held.keys();
  const kept = reachableManifests(held, roots);
  const unkept = [...held.keys()].filter((digest) => !kept.has(digest));
  return { kept, unkept, named: namedBy(held, kept), isUnreadable, problems };
}

function problemsOf(held: ReadonlyMap<Digest, HeldManifest>): string[] {
  return [...held].flatMap(([digest, { names }]) =>
    names === "unreadable"
      ? [`manifest ${digest} cannot be read, so all of this repository stays; push it again, or delete it`]
      : [],
  );
}

async function taggedManifests(
  storage: Storage,
  name: RepositoryName,
): Promise<{ digests: Set<Digest>; problems: string[] }> {
  const digests = new Set<Digest>();
  const problems: string[] = [];
  for (const tag of (await storage.driver.list(layout.tags(name))).filter(isTag)) {
    const digest = await storage.tags.find(name, tag);
    if (digest !== undefined) digests.add(digest);
    else if ((await storage.driver.stat(layout.tagLink(name, tag))) !== undefined)
      problems.push(
        `the link of tag ${tag} is damaged, so untagged manifests of this repository stay; push the tag again, or delete it`,
      );
  }
  return { digests, problems };
}

function namedBy(held: ReadonlyMap<Digest, HeldManifest>, kept: ReadonlySet<Digest>): Set<Digest> {
  const named = new Set<Digest>();
  for (const [digest, { content, names }] of held) {
    if (!kept.has(digest)) continue;
    named.add(digest).add(content);
    if (typeof names !== "string") for (const other of names.content) named.add(other);
  }
  return named;
}
