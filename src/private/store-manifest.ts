import type { Actor } from "../oci/actor.js";
import type { Digest } from "../oci/digest.js";
import type { ManifestContent } from "../oci/manifest.js";
import type { Tag } from "../oci/reference.js";
import type { MovedTag } from "../registry/repository.js";
import type { StoredManifest } from "../storage/content/manifest-store.js";
import type { RepositoryContent } from "../storage/content/repository-content.js";
import type { TagGuard } from "./tag-guard.js";

/** A manifest whose references are checked. */
interface CheckedPush {
  readonly manifest: StoredManifest;
  readonly content: ManifestContent;
  readonly tags: readonly Tag[];
  readonly by: Actor;
}

interface Into {
  readonly repository: RepositoryContent;
  readonly guard: TagGuard;
  /** Lists the referrers of a subject for clients of other registries. */
  writeFallbackTag(subject: Digest): Promise<void>;
}

/**
 * Stores a manifest and moves tags last. If the manifest is deleted meanwhile, that came before this push, so everything
 * is stored again.
 * @throws RegistryError DENIED if a tag may not move
 */
export async function storeManifest(
  { manifest, content, tags, by }: CheckedPush,
  { repository, guard, writeFallbackTag }: Into,
): Promise<readonly MovedTag[]> {
  const { digest } = manifest.descriptor;
  const subject = content.subject?.digest;
  const before = new Map<Tag, Digest | undefined>();
  do {
    await repository.addManifest(manifest, { ...content, subject });
    if (subject !== undefined) await writeFallbackTag(subject);
    for (const tag of guard.immutableFirst(tags)) {
      const from = await guard.move(tag, digest, by);
      if (!before.has(tag)) before.set(tag, from);
    }
  } while (!(await repository.hasManifest(digest)));
  return [...before].map(([tag, from]) => ({ tag, from }));
}
