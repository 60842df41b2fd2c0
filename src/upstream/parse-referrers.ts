import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import { type JsonObject, parseObject } from "./json-object.js";

/** The referrers of a page; `undefined` if it is not a JSON object. */
export interface ReferrerPage {
  readonly referrers: readonly Descriptor[];
  /** Why it cannot be a page of referrers, as the end of a sentence. */
  readonly fault?: string;
}

/** Parses an index of referrers. */
export function parseReferrers(bytes: Buffer): ReferrerPage | undefined {
  const index = parseObject(bytes);
  if (index === undefined) return undefined;
  const { manifests } = index;
  // Go programs write an empty list as null.
  if (manifests === null) return { referrers: [] };
  if (!Array.isArray(manifests)) return { referrers: [], fault: "its referrers are not an index" };
  const referrers: Descriptor[] = [];
  for (const entry of manifests) {
    const referrer = descriptorOf(entry);
    if (referrer === undefined) return { referrers: [], fault: "one of its referrers is not a descriptor" };
    referrers.push(referrer);
  }
  return { referrers };
}

function descriptorOf(entry: unknown): Descriptor | undefined {
  const { mediaType, digest, size, artifactType, annotations }: Partial<Descriptor> = isObject(entry) ? entry : {};
  const isWhole = typeof mediaType === "string" && typeof digest === "string" && Number.isSafeInteger(size);
  if (!isWhole || !isDigest(digest) || size === undefined || size < 0) return undefined;
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === "string" && { artifactType }),
    ...(isObject(annotations) && { annotations: textsIn(annotations) }),
  };
}

function textsIn(annotations: JsonObject): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(annotations)) if (typeof text === "string") texts[key] = text;
  return texts;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
