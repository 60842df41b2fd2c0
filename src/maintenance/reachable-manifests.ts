import type { Digest } from "../oci/digest.js";
import type { HeldManifest } from "./held-manifests.js";

/**
 * Those of a repository's manifests that are reached from some of them: what an index that stays names stays, and so
 * does what refers to a manifest that stays, as signatures do; and again from those.
 */
export function reachableManifests(
  held: ReadonlyMap<Digest, HeldManifest>,
  roots: Iterable<Digest>,
): ReadonlySet<Digest> {
  const referrers = referrersBySubject(held);
  const reached = new Set<Digest>();
  const pending = [...roots];
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const manifest = held.get(digest);
    if (manifest === undefined || reached.has(digest)) continue;
    reached.add(digest);
    pending.push(manifest.content, ...(referrers.get(digest) ?? []));
    if (typeof manifest.names !== "string") pending.push(...manifest.names.content);
  }
  return reached;
}

function referrersBySubject(held: ReadonlyMap<Digest, HeldManifest>): Map<Digest, Digest[]> {
  const referrers = new Map<Digest, Digest[]>();
  for (const [digest, { names }] of held) {
    if (typeof names === "string" || names.subject === undefined) continue;
    const others = referrers.get(names.subject);
    if (others === undefined) referrers.set(names.subject, [digest]);
    else others.push(digest);
  }
  return referrers;
}
