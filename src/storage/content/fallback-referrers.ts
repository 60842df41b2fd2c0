import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { readAnyManifest } from "../../oci/large-manifests.js";
import { isTag, parseTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { Storage } from "../storage.js";
import type { ReadAllowance } from "./read-allowance.js";
import { referrerDescriptor } from "./referrer-descriptor.js";

/*
 * The list that clients maintained themselves while the registry had no referrers API: an index under a tag made from
 * the subject's digest. A registry with the API must include it (distribution-spec, "Enabling the Referrers API"). Each
 * of its manifests is read once, and recorded like any other referrer if it is one.
 */

/** The tag of a subject's index (distribution-spec, "Referrers Tag Schema"). */
export function fallbackTagOf(subject: Digest): Tag {
  return parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
}

const subjectTag = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64})(\.[a-z0-9-]+)?$/;

/**
 * The tag of the index of a subject, if a tag belongs to a subject: it is that tag, or one that cosign makes from it,
 * such as `sha256-....sig`.
 */
export function subjectOfTag(tag: Tag): Tag | undefined {
  const [, subject] = subjectTag.exec(tag) ?? [];
  return subject === undefined ? undefined : parseTag(subject);
}

/** Signatures go with their subject, and so do the tags that say whose they are. */
export async function removeTagsOfSubjects(
  storage: Storage,
  name: RepositoryName,
  removed: ReadonlySet<Digest>,
): Promise<void> {
  for (const tag of (await storage.index.tagNames(name)).filter(isTag)) {
    const digest = subjectOfTag(tag) === undefined ? undefined : await storage.tags.find(name, tag);
    if (digest !== undefined && removed.has(digest)) await storage.tags.removal.removeIfAt(name, tag, digest);
  }
}

/** Digests in the index, each once. */
export async function fallbackChildren(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
): Promise<readonly Digest[]> {
  const digest = await storage.tags.find(name, fallbackTagOf(subject));
  if (digest === undefined || !(await storage.manifests.isLinked(name, digest))) return [];
  const known = storage.referrers.childrenOf.get(digest);
  if (known !== undefined) return known;
  const index = await storage.manifests.find(name, digest);
  if (index === undefined) return [];
  const manifests = (await readAnyManifest(index.bytes))?.manifests ?? [];
  const children = [...new Set(manifests.map((child) => child.digest))];
  storage.referrers.childrenOf.set(digest, children);
  return children;
}

/** The child of a fallback index, if it is stored and does refer to the subject; it is then recorded. */
export async function recordFallbackReferrer(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
  { digest, allowance }: { readonly digest: Digest; readonly allowance: ReadAllowance },
): Promise<Descriptor | undefined> {
  const known = storage.referrers.subjectOf.get(digest);
  if (known !== undefined && known !== subject) return undefined;
  const manifest = await storage.manifests.find(name, digest);
  if (manifest === undefined) return undefined;
  allowance.take(manifest.bytes.length);
  const reading = await readAnyManifest(manifest.bytes);
  storage.referrers.subjectOf.set(digest, reading?.subject ?? "none");
  if (reading?.subject !== subject) return undefined;
  const referrer = referrerDescriptor(manifest, reading);
  try {
    await storage.referrers.put(name, subject, referrer);
  } catch (error) {
    // It is read again next time.
    if (!isOutOfRoom(error)) throw error;
  }
  return referrer;
}
