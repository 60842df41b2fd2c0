import { algorithmOf, type Digest, digestInTurns } from "../oci/digest.js";
import { namesInAnyManifest } from "../oci/large-manifests.js";
import type { ManifestNames } from "../oci/manifest-names.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** A manifest that is linked in a repository. */
export interface HeldManifest {
  /** The digest under which its bytes are stored. */
  readonly content: Digest;
  /**
   * `absent`: no client can pull it, and a push that heals it brings its content; `unreadable`: its references are
   * unknown, so no content can be called unreferenced.
   */
  readonly names: ManifestNames | "absent" | "unreadable";
}

/** Reads every manifest of a repository. */
export async function readHeldManifests(storage: Storage, name: RepositoryName): Promise<Map<Digest, HeldManifest>> {
  const held = new Map<Digest, HeldManifest>();
  for (const digest of await storage.index.manifests(name)) {
    const { content, bytes } = await storage.manifests.storedBytes(name, digest);
    held.set(digest, { content, names: bytes === "absent" ? "absent" : await namesUnder(digest, bytes) });
  }
  return held;
}

async function namesUnder(digest: Digest, bytes: Buffer | "too large"): Promise<ManifestNames | "unreadable"> {
  if (bytes === "too large" || (await digestInTurns(bytes, algorithmOf(digest))) !== digest) return "unreadable";
  return (await namesInAnyManifest(bytes)) ?? "unreadable";
}
