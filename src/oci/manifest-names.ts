import { type Digest, isDigest } from "./digest.js";
import { foldedKey } from "./folded-key.js";
import { readManifest } from "./manifest-reading.js";
import { scanManifest } from "./manifest-scan.js";

/** What must be kept as long as a manifest. */
export interface ManifestNames {
  /** Config, layers and children; for an index too, since some tools list blobs there. */
  readonly content: readonly Digest[];
  /** More than one if readers differ in which one counts. */
  readonly subjects: readonly Digest[];
}

/**
 * The references of a manifest; `undefined` if they cannot be determined. If its type is unknown, or it has keys that
 * Go reads as others, such as `Layers`, every digest anywhere in it counts: Go programs want the content under both
 * spellings.
 */
export function namesInManifest(bytes: Buffer): ManifestNames | undefined {
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
