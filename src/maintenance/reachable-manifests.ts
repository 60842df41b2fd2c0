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
    pending.push(manifest.content);
    // One by one: the arguments of a call lie on the stack, and these may be very many.
    for (const referrer of referrers.get(digest) ?? []) pending.push(referrer);
    if (typeof manifest.names !== "string") for (const other of manifest.names.content) pending.push(other);
  }
  return reached;
}

function referrersBySubject(held: ReadonlyMap<Digest, HeldManifest>): Map<Digest, Digest[]> {
  const referrers = new Map<Digest, Digest[]>();
  for (const [digest, { names }] of held) {
    if (typeof names === "string") continue;
    for (const subject of names.subjects) {
      const others = referrers.get(subject);
      if (others === undefined) referrers.set(subject, [digest]);
      else others.push(digest);
    }
  }
  return referrers;
}
