import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.js";
import { foldedKey } from "../oci/folded-key.js";
import { readManifest } from "../oci/manifest-reading.js";
import { scanManifest } from "../oci/manifest-scan.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** What must stay as long as a manifest does. */
export interface ManifestNames {
  /** Configuration, layers and children: of an index, too, since some tools list blobs there. */
  readonly content: readonly Digest[];
  /** More than one where readers differ in which it is. */
  readonly subjects: readonly Digest[];
}

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
  for (const digest of await storage.index.manifests(name)) {
    const { content, bytes } = await storage.manifests.storedBytes(name, digest);
    held.set(digest, { content, names: bytes === "absent" ? "absent" : namesUnder(digest, bytes) });
  }
  return held;
}

function namesUnder(digest: Digest, bytes: Buffer | "too large"): ManifestNames | "unreadable" {
  if (bytes === "too large" || digestOf(bytes, algorithmOf(digest)) !== digest) return "unreadable";
  return namesIn(bytes) ?? "unreadable";
}

/**
 * What a manifest names; `undefined` if that cannot be told. Every digest counts that stands anywhere in it, if it is of
 * a type that we know nothing about, or has keys that Go reads as others, such as `Layers`: its programs want the
 * content under both spellings.
 */
function namesIn(bytes: Buffer): ManifestNames | undefined {
  const { repeated, ambiguous } = scanManifest(bytes);
  const reading = readManifest(bytes);
  if (reading === undefined || repeated !== undefined) return undefined;
  if (ambiguous !== undefined) return allNamesIn(JSON.parse(new TextDecoder().decode(bytes)));
  return { content: reading.names, subjects: reading.subject === undefined ? [] : [reading.subject] };
}

function allNamesIn(json: object): ManifestNames {
  const subjects = Object.entries(json).flatMap(([key, value]) =>
    foldedKey(key) === "subject" ? digestsIn(value) : [],
  );
  return { content: digestsIn(json), subjects };
}

/** With a stack of its own: a document may be nested deeper than calls can be. */
function digestsIn(json: unknown): Digest[] {
  const digests = new Set<Digest>();
  const pending = [json];
  while (pending.length > 0) {
    const value = pending.pop();
    const text = typeof value === "string" ? value.toLowerCase() : "";
    if (isDigest(text)) digests.add(text);
    if (typeof value === "object" && value !== null) for (const member of Object.values(value)) pending.push(member);
  }
  return [...digests];
}
