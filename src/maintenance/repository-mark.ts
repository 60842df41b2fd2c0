import { algorithmOf, type Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { fallbackTagOf, subjectOfTag } from "../storage/content/fallback-referrers.js";
import type { RepositoryHoldings } from "../storage/content/repository-holdings.js";
import type { Storage } from "../storage/storage.js";
import type { HeldManifest } from "./held-manifests.js";

export interface MarkRules {
  /** Whether to delete manifests without a tag, unless a kept one references them or is their subject. */
  readonly deleteUntagged: boolean;
  /** Whether an unneeded manifest must wait, and with it everything that it references. */
  stays(digest: Digest): Promise<boolean>;
}

/** What is kept of a repository, and what can be deleted. */
export interface RepositoryMark extends ManifestMark {
  readonly name: RepositoryName;
  /** Every digest whose bytes are kept for this repository. */
  readonly needed: ReadonlySet<Digest>;
  /** Links to blobs that no manifest of the repository references. */
  readonly unnamedLayers: readonly Digest[];
  /** Whether nothing is kept, and no push is in progress. */
  readonly isEmptied: boolean;
}

/** Which manifests of a repository are kept. */
interface ManifestMark {
  readonly kept: ReadonlySet<Digest>;
  readonly unkept: readonly Digest[];
  /** The kept manifests and everything that they reference, each by all of its digests. */
  readonly named: ReadonlySet<Digest>;
  /** Whether a manifest is unreadable: it may reference anything, so every blob of the repository is kept. */
  readonly isUnreadable: boolean;
  /** Why more is kept than should be needed, in sentences. */
  readonly problems: readonly string[];
}

/** A repository as it was found, and its manifests. */
export interface FoundRepository {
  readonly holdings: RepositoryHoldings;
  readonly held: ReadonlyMap<Digest, HeldManifest>;
}

/** The manifests of a repository, and which of them refer to which. */
interface Manifests {
  readonly held: ReadonlyMap<Digest, HeldManifest>;
  readonly referrers: ReadonlyMap<Digest, readonly Digest[]>;
}

/** Finds what a repository needs, and changes nothing. */
export async function markRepository(
  storage: Storage,
  found: FoundRepository,
  rules: MarkRules,
): Promise<RepositoryMark> {
  const { name, blobs } = found.holdings;
  const mark = await markManifests(storage, found, rules);
  const needed = await neededContent(storage, name, mark, blobs);
  const unneeded = blobs.filter((digest) => !needed.has(digest));
  const unnamedLayers = await storage.contentLinks.thoseThere(
    unneeded.map((digest) => ({ name, kind: "blob", digest })),
  );
  const isEmptied = mark.kept.size === 0 && unneeded.length === blobs.length && (await isUnused(storage, name));
  return { ...mark, name, needed, unnamedLayers, isEmptied };
}

async function markManifests(
  storage: Storage,
  { holdings: { name }, held }: FoundRepository,
  rules: MarkRules,
): Promise<ManifestMark> {
  const problems = problemsOf(held);
  const isUnreadable = problems.length > 0;
  let roots: Iterable<Digest> = held.keys();
  const referrers = referrersBySubject(held);
  if (rules.deleteUntagged) {
    const tagged = await taggedManifests(storage, name, held);
    problems.push(...tagged.problems);
    if (problems.length === 0) roots = tagged.digests;
    for (const [subject, digest] of tagged.bySubject) addTo(referrers, subject, digest);
  }
  const kept = await withStaying({ held, referrers }, [...roots], rules);
  const unkept = [...held.keys()].filter((digest) => !kept.has(digest));
  return { kept, unkept, named: namedBy(held, kept), isUnreadable, problems };
}

function problemsOf(held: ReadonlyMap<Digest, HeldManifest>): string[] {
  return [...held].flatMap(([digest, { names }]) =>
    names === "unreadable"
      ? [`manifest ${digest} cannot be read, so all of this repository is kept; push it again, or delete it`]
      : [],
  );
}

interface TaggedManifests {
  readonly digests: ReadonlySet<Digest>;
  /** Manifests whose tag says which one they belong to, such as signatures of cosign, with that one. */
  readonly bySubject: readonly (readonly [subject: Digest, digest: Digest])[];
  readonly problems: readonly string[];
}

async function taggedManifests(
  storage: Storage,
  name: RepositoryName,
  held: ReadonlyMap<Digest, HeldManifest>,
): Promise<TaggedManifests> {
  const digests = new Set<Digest>();
  const bySubject: [Digest, Digest][] = [];
  const problems: string[] = [];
  const subjects = new Map([...held.keys()].map((digest) => [fallbackTagOf(digest), digest]));
  for await (const { tag, digest } of storage.tags.targets(name)) {
    const subjectTag = subjectOfTag(tag);
    const subject = subjectTag && subjects.get(subjectTag);
    if (digest !== undefined && subject !== undefined) bySubject.push([subject, digest]);
    else if (digest !== undefined) digests.add(digest);
    else
      problems.push(
        `the link of tag ${tag} is damaged, so untagged manifests of this repository are kept; push the tag again, or delete it`,
      );
  }
  return { digests, bySubject, problems };
}

/**
 * The manifests of a repository that are reachable from some of them: those that a kept index references, and referrers
 * of a kept manifest, such as signatures; and again from those. Each is visited once.
 */
function reachableManifests({ held, referrers }: Manifests, roots: Iterable<Digest>): ReadonlySet<Digest> {
  const reached = new Set<Digest>();
  const pending = [...roots];
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const manifest = held.get(digest);
    if (manifest === undefined || reached.has(digest)) continue;
    reached.add(digest);
    pending.push(manifest.content);
    // One by one: the arguments of a call are on the stack, and these may be very many.
    for (const referrer of referrers.get(digest) ?? []) pending.push(referrer);
    if (typeof manifest.names !== "string") for (const other of manifest.names.content) pending.push(other);
  }
  return reached;
}

/** What is kept, and what waits to be deleted, with everything that it references. */
async function withStaying(
  manifests: Manifests,
  roots: readonly Digest[],
  { stays }: MarkRules,
): Promise<ReadonlySet<Digest>> {
  const kept = reachableManifests(manifests, roots);
  const staying: Digest[] = [];
  for (const digest of manifests.held.keys()) if (!kept.has(digest) && (await stays(digest))) staying.push(digest);
  return staying.length === 0 ? kept : reachableManifests(manifests, [...roots, ...staying]);
}

function referrersBySubject(held: ReadonlyMap<Digest, HeldManifest>): Map<Digest, Digest[]> {
  const referrers = new Map<Digest, Digest[]>();
  for (const [digest, { names }] of held) {
    if (typeof names === "string") continue;
    for (const subject of names.subjects) addTo(referrers, subject, digest);
  }
  return referrers;
}

function addTo(referrers: Map<Digest, Digest[]>, subject: Digest, digest: Digest): void {
  const others = referrers.get(subject);
  if (others === undefined) referrers.set(subject, [digest]);
  else others.push(digest);
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

/** Everything that the kept manifests reference, and what must be kept for other reasons. */
async function neededContent(
  storage: Storage,
  name: RepositoryName,
  { named, isUnreadable }: ManifestMark,
  blobs: readonly Digest[],
): Promise<Set<Digest>> {
  const needed = new Set(named);
  for (const digest of blobs) {
    if (!isUnreadable && !named.has(digest)) continue;
    needed.add(digest);
    if (algorithmOf(digest) === "sha256") continue;
    // Distribution links sha512 to content stored under sha256, and serves it only as long as that is linked too.
    const content = await storage.repository(name).linkedBlob(digest);
    if (content !== undefined) needed.add(content);
  }
  return needed;
}

async function isUnused(storage: Storage, name: RepositoryName): Promise<boolean> {
  return (await storage.tags.list(name)).length === 0 && !(await storage.uploads.hasAny(name));
}
