import { type Digest, isDigest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { type ManifestContent, parseManifest } from "../oci/manifest.js";
import { hasRepeatedKeys } from "../oci/repeated-keys.js";

/** What must stay as long as a manifest does. */
export interface ManifestNames {
  /** Configuration, layers and children: of an index, too, since some tools list blobs there. */
  readonly content: readonly Digest[];
  readonly subject: Digest | undefined;
}

/**
 * What a manifest names; `undefined` if that cannot be told. Of a type that we know nothing about every digest counts
 * that stands anywhere in it.
 */
export function namesIn(bytes: Buffer): ManifestNames | undefined {
  const json = parseJson(bytes);
  if (json === undefined || hasRepeatedKeys(bytes, json)) return undefined;
  const known = parseKnown(bytes);
  if (known?.kind === undefined) return { content: digestsIn(json), subject: known?.subject?.digest };
  const { config, layers, manifests, subject } = known;
  const descriptors = [...(config === undefined ? [] : [config]), ...layers, ...manifests];
  return { content: descriptors.map(({ digest }) => digest), subject: subject?.digest };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** `undefined` for what we would not take, such as schema 1, and another registry took. */
function parseKnown(bytes: Buffer): ManifestContent | undefined {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** With a stack of its own: a document may be nested deeper than calls can be. */
function digestsIn(json: unknown): Digest[] {
  const digests = new Set<Digest>();
  const pending = [json];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === "string" && isDigest(value)) digests.add(value);
    if (typeof value === "object" && value !== null) for (const member of Object.values(value)) pending.push(member);
  }
  return [...digests];
}
