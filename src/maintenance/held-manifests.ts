import { algorithmOf, type Digest, digestOf } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { wherever } from "../storage/content/blob-store.js";
import { linkedManifests } from "../storage/content/linked-content.js";
import { readableBytes } from "../storage/content/manifest-store.js";
import { layout } from "../storage/layout.js";
import type { Storage } from "../storage/storage.js";
import { type ManifestNames, namesIn } from "./manifest-names.js";

/** A manifest that a repository has a link for. */
export interface HeldManifest {
  /** What the bytes lie under. */
  readonly content: Digest;
  /**
   * `absent`: nobody can pull it, and a push that heals it brings what it names; `unreadable`: what it names cannot be
   * told, so nothing can be said to be named by none.
   */
  readonly names: ManifestNames | "absent" | "unreadable";
}

/** Reads every manifest of a repository. */
export async function readHeldManifests(storage: Storage, name: RepositoryName): Promise<Map<Digest, HeldManifest>> {
  const held = new Map<Digest, HeldManifest>();
  for (const digest of await linkedManifests(storage, name)) {
    // A damaged link still says by its place what it stands for.
    const content = (await storage.links.find(layout.revisionLink(name, digest))) ?? digest;
    held.set(digest, { content, names: await readNames(storage, digest, content) });
  }
  return held;
}

async function readNames(storage: Storage, digest: Digest, content: Digest): Promise<HeldManifest["names"]> {
  // Aside lies what a collection or an eviction that was killed has not put back yet.
  const stat = await wherever(content, (key) => storage.driver.stat(key));
  if (stat === undefined || stat.size === 0) return "absent";
  if (stat.size > readableBytes) return "unreadable";
  const bytes = await wherever(content, (key) => storage.driver.read(key, readableBytes));
  if (bytes === undefined) return "absent";
  if (digestOf(bytes, algorithmOf(digest)) !== digest) return "unreadable";
  return namesIn(bytes) ?? "unreadable";
}
