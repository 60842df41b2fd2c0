import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.js";
import { foldedKey } from "../oci/folded-key.js";
import { readManifest } from "../oci/manifest-reading.js";
import { scanManifest } from "../oci/manifest-scan.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** What must be kept as long as a manifest. */
export interface ManifestNames {
  /** Config, layers and children; for an index too, since some tools list blobs there. */
  readonly content: readonly Digest[];
  /** More than one if readers differ in which one counts. */
  readonly subjects: readonly Digest[];
}

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
    held.set(digest, { content, names: bytes === "absent" ? "absent" : namesUnder(digest, bytes) });
  }
  return held;
}

function namesUnder(digest: Digest, bytes: Buffer | "too large"): ManifestNames | "unreadable" {
  if (bytes === "too large" || digestOf(bytes, algorithmOf(digest)) !== digest) return "unreadable";
  return namesIn(bytes) ?? "unreadable";
}

/**
 * The references of a manifest; `undefined` if they cannot be determined. If its type is unknown, or it has keys that
 * Go reads as others, such as `Layers`, every digest anywhere in it counts: Go programs want the content under both
 * spellings.
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

/** Uses its own stack: a document may be nested deeper than the call stack. */
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
