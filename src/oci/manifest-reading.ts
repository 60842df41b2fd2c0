import { type Digest, isDigest, isDigestOfNothing } from "./digest.js";
import { foldedKey } from "./folded-key.js";
import { isNonDistributable, type ManifestKind, manifestKind, mediaTypes } from "./media-types.js";
import type { Platform } from "./platform.js";

/** Content that a manifest references, as far as the manifest describes it. */
export interface NamedContent {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  /** In bytes; `undefined` if it is missing, or 0 for content that is not empty. */
  readonly size: number | undefined;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether it is stored elsewhere by design, and so need not be here. */
  readonly isElsewhere?: true;
  /** Whether the manifest contains its bytes too (image-spec, "Embedded Content"), so that a registry may lack it. */
  readonly isEmbedded?: true;
}

/** The content of a manifest, as far as it can be understood. */
export interface ManifestReading {
  /** The type that it declares, or else the one that its fields imply; `undefined` if neither tells. */
  readonly mediaType: string | undefined;
  readonly kind: ManifestKind | undefined;
  /** Of the configuration, which is then the first of the blobs. */
  readonly config: Digest | undefined;
  /** Config and layers. */
  readonly blobs: readonly NamedContent[];
  /** Entries of an index. Some tools list blobs there. */
  readonly manifests: readonly NamedContent[];
  /** Everything that must be kept as long as the manifest, except its subject. */
  readonly names: readonly Digest[];
  readonly subject: Digest | undefined;
  /**
   * The type in lists of referrers: its own, or else an image's `config.mediaType` (distribution-spec, "Listing
   * Referrers").
   */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** RFC 6838, section 4.2. */
const mediaTypePattern = /^[a-zA-Z0-9][\w!#$&^.+-]{0,126}\/[a-zA-Z0-9][\w!#$&^.+-]{0,126}$/;

/**
 * Reads a manifest that another registry accepted, which may be less strict than {@link parseManifest} is on a push:
 * without types or sizes, with `null` for a list or a string, of schema 1 or of an unknown type. What cannot be
 * understood is skipped. `undefined` if it is not a JSON object.
 */
export function readManifest(bytes: Uint8Array): ManifestReading | undefined {
  const json = parseObject(bytes);
  if (json === undefined) return undefined;
  const mediaType = mediaTypeOf(json);
  const kind = mediaType === undefined ? undefined : manifestKind(mediaType);
  const configs = membersOf(json, "config").flatMap(contentOf);
  const layers = ["layers", "blobs"].flatMap((field) => listOf(json, field)).flatMap(contentOf);
  const blobs = [...configs, ...layers, ...listOf(json, "fsLayers").flatMap(contentOfSchema1)];
  const manifests = listOf(json, "manifests").flatMap(contentOf);
  const known = [...blobs, ...manifests].map(({ digest }) => digest);
  return {
    mediaType,
    kind,
    config: configs[0]?.digest,
    blobs,
    manifests,
    names: kind === undefined ? digestsIn(json) : [...new Set(known)],
    subject: membersOf(json, "subject").flatMap(contentOf)[0]?.digest,
    artifactType: textOf(json, "artifactType") ?? (kind === "image" ? configs[0]?.mediaType : undefined),
    annotations: textsIn(json.annotations),
  };
}

/** Parses as Go programs do: replaces invalid UTF-8, and skips a byte order mark. */
function parseObject(bytes: Uint8Array): Json | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function mediaTypeOf(json: Json): string | undefined {
  const own = textOf(json, "mediaType");
  if (own !== undefined && mediaTypePattern.test(own)) return own;
  if (json.schemaVersion === 1 || Array.isArray(json.fsLayers)) {
    return Array.isArray(json.signatures) ? mediaTypes.dockerSchema1Signed : mediaTypes.dockerSchema1;
  }
  if (Array.isArray(json.manifests)) return mediaTypes.ociIndex;
  return isObject(json.config) || Array.isArray(json.layers) ? mediaTypes.ociManifest : undefined;
}

/**
 * The members of that name, which is ASCII. Go programs ignore its case, so all spellings count; each has the same
 * length.
 */
function membersOf(json: Json, field: string): unknown[] {
  const found: unknown[] = [];
  const folded = field.toLowerCase();
  for (const key of Object.keys(json))
    if (key.length === field.length && (key === field || foldedKey(key) === folded)) found.push(json[key]);
  return found;
}

function listOf(json: Json, field: string): unknown[] {
  return membersOf(json, field).flatMap((value) => (Array.isArray(value) ? value : []));
}

function contentOf(value: unknown): NamedContent[] {
  if (!isObject(value)) return [];
  const platform = platformOf(value.platform);
  return membersOf(value, "digest").flatMap((member) => {
    const digest = digestFrom(member);
    if (digest === undefined) return [];
    const size = sizeOf(value.size, digest);
    return [
      {
        digest,
        mediaType: textOf(value, "mediaType"),
        size,
        ...(isElsewhere(value) && { isElsewhere: true as const }),
        ...(typeof value.data === "string" && { isEmbedded: true as const }),
        ...(platform !== undefined && { platform }),
        ...(isObject(value.annotations) && { annotations: textsIn(value.annotations) }),
      },
    ];
  });
}

/** As `private/manifest-rules.ts` decides for what is pushed. */
function isElsewhere(value: Json): boolean {
  return isNonDistributable(textOf(value, "mediaType") ?? "") || (Array.isArray(value.urls) && value.urls.length > 0);
}

/** Docker schema 1 names layers by `blobSum` and says nothing else about them. */
function contentOfSchema1(value: unknown): NamedContent[] {
  const digest = isObject(value) ? digestFrom(value.blobSum) : undefined;
  return digest === undefined ? [] : [{ digest, mediaType: undefined, size: undefined }];
}

/** Some tools write the digits in upper case; stored digests are in lower case. */
function digestFrom(value: unknown): Digest | undefined {
  const text = typeof value === "string" ? value.toLowerCase() : "";
  return isDigest(text) ? text : undefined;
}

function sizeOf(size: unknown, digest: Digest): number | undefined {
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  return size === 0 && !isDigestOfNothing(digest) ? undefined : size;
}

function platformOf(value: unknown): Platform | undefined {
  if (!isObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" && variant !== "" && { variant }) };
}

function textOf(json: Json, field: string): string | undefined {
  const value = json[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textsIn(value: unknown): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  if (!isObject(value)) return texts;
  for (const [key, text] of Object.entries(value)) if (typeof text === "string") texts[key] = text;
  return texts;
}

/**
 * Every digest anywhere in the document. Uses its own stack, since a document may be nested deeper than the call stack.
 */
function digestsIn(json: unknown): Digest[] {
  const digests = new Set<Digest>();
  const pending = [json];
  while (pending.length > 0) {
    const value = pending.pop();
    const digest = digestFrom(value);
    if (digest !== undefined) digests.add(digest);
    if (typeof value === "object" && value !== null) for (const member of Object.values(value)) pending.push(member);
  }
  return [...digests];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
