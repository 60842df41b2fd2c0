import { isAscii } from "node:buffer";
import type { Descriptor } from "./descriptor.js";
import { type Digest, isDigest } from "./digest.js";
import { RegistryError } from "./errors.js";
import { type ManifestKind, manifestKind, mediaTypes } from "./media-types.js";
import type { Platform } from "./platform.js";

/**
 * The parts of a manifest that a registry needs. Its exact bytes are stored separately and never regenerated from this.
 */
export interface ManifestContent {
  readonly mediaType: string;
  readonly kind: ManifestKind | undefined;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  /**
   * The type in lists of referrers: its own, or else an image's `config.mediaType` (distribution-spec, "Listing
   * Referrers").
   */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** RFC 6838, section 4.2. Anything else must not reach a response header. */
const mediaTypePattern = /^[a-zA-Z0-9][\w!#$&^.+-]{0,126}\/[a-zA-Z0-9][\w!#$&^.+-]{0,126}$/;

/**
 * Reads a manifest of Docker schema 2, OCI or another JSON type.
 * @param contentType the type that the client sent, without parameters; `undefined` when read from storage
 * @throws RegistryError MANIFEST_INVALID
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ManifestContent {
  const json = parseObject(bytes);
  refuseSchema1(json);
  const mediaType = decideMediaType(json, contentType);
  const kind = manifestKind(mediaType);
  refuseAmbiguity(json, kind);
  const config = optionalDescriptor(json, "config");
  const ownArtifactType = optionalString(json, "artifactType");
  return {
    mediaType,
    kind,
    config,
    layers: kind === "image" ? descriptors(json, "layers") : [],
    manifests: kind === "index" ? descriptors(json, "manifests") : [],
    subject: optionalDescriptor(json, "subject"),
    artifactType: ownArtifactType ?? (kind === "image" ? config?.mediaType : undefined),
    annotations: stringMap(json, "annotations"),
  };
}

/** Nearly all manifests are ASCII, which is decoded many times faster. @throws TypeError if it is not UTF-8 */
function decoded(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function parseObject(bytes: Uint8Array): Json {
  let json: unknown;
  try {
    json = JSON.parse(decoded(bytes));
  } catch (cause) {
    throw invalid("the manifest is not JSON in UTF-8", { cause });
  }
  if (!isObject(json)) throw invalid("the manifest is not a JSON object");
  return json;
}

/**
 * The type is stored only in the manifest itself, so the manifest determines it; a different `Content-Type` is refused
 * (GHSA-qq97-vm5h-rrhg). `application/json` says nothing.
 */
function decideMediaType(json: Json, contentType: string | undefined): string {
  const mediaType = optionalString(json, "mediaType") ?? inferMediaType(json);
  if (mediaType === undefined) throw invalid("the manifest has neither a mediaType nor the fields of a known type");
  if (!mediaTypePattern.test(mediaType)) throw invalid("mediaType is not a media type");
  if (contentType !== undefined && contentType !== "application/json" && contentType !== mediaType) {
    throw invalid(`the manifest is of type ${mediaType}, but Content-Type says ${contentType}`);
  }
  return mediaType;
}

function inferMediaType(json: Json): string | undefined {
  if (Array.isArray(json.manifests)) return mediaTypes.ociIndex;
  return isObject(json.config) || Array.isArray(json.layers) ? mediaTypes.ociManifest : undefined;
}

/** Such a manifest usually has no type of its own, and either of two types in its `Content-Type`. */
function refuseSchema1({ schemaVersion, mediaType }: Json): void {
  if (schemaVersion === 1 || mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed) {
    throw invalid("Docker image manifest schema 1 is not supported; push with a client newer than Docker 1.10");
  }
}

/** Refuses a document that is an image to one client and an index to another: GHSA-qq97-vm5h-rrhg. */
function refuseAmbiguity(json: Json, kind: ManifestKind | undefined): void {
  if (kind === undefined) return;
  if (json.schemaVersion !== 2) throw invalid("schemaVersion must be 2");
  if (kind === "image" && json.manifests !== undefined) throw invalid("an image manifest must not have manifests");
  if (kind === "index" && (json.layers !== undefined || json.config !== undefined)) {
    throw invalid("an index must not have layers or a config");
  }
  if (kind === "image" && !isObject(json.config)) throw invalid("an image manifest must have a config");
  const list = kind === "image" ? "layers" : "manifests";
  // Go programs write an empty list as null.
  if (json[list] !== null && !Array.isArray(json[list])) throw invalid(`${list} must be a list`);
}

function descriptors(json: Json, field: string): Descriptor[] {
  const list = json[field];
  return Array.isArray(list) ? list.map((item, index) => parseDescriptor(item, `${field}[${index}]`)) : [];
}

function optionalDescriptor(json: Json, field: string): Descriptor | undefined {
  const value = json[field];
  return value === undefined || value === null ? undefined : parseDescriptor(value, field);
}

/** Digests inside manifests become keys and URLs, so they are validated like any other input: CVE-2024-3727. */
function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} is not a descriptor`);
  const data = optionalString(value, "data");
  const platform = findPlatform(value.platform);
  return {
    mediaType: requiredString(value, "mediaType", where),
    digest: requiredDigest(value, where),
    size: requiredSize(value, where),
    annotations: stringMap(value, "annotations"),
    ...(data === undefined ? {} : { data }),
    ...(platform === undefined ? {} : { platform }),
    ...(Array.isArray(value.urls) ? { urls: value.urls.filter((url) => typeof url === "string") } : {}),
  };
}

/** The platform only helps to choose an image, so an invalid one is ignored. */
function findPlatform(value: unknown): Platform | undefined {
  if (!isObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" && variant !== "" && { variant }) };
}

function requiredDigest(json: Json, where: string): Digest {
  const digest = requiredString(json, "digest", where);
  if (!isDigest(digest)) throw invalid(`${where}.digest is not a digest`);
  return digest;
}

function requiredSize(json: Json, where: string): number {
  const size = json.size;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid(`${where}.size is not a size`);
  return size;
}

function requiredString(json: Json, field: string, where: string): string {
  const value = json[field];
  if (typeof value !== "string" || value === "") throw invalid(`${where}.${field} is missing`);
  return value;
}

function optionalString(json: Json, field: string): string | undefined {
  const value = json[field];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw invalid(`${field} is not a string`);
  return value;
}

function stringMap(json: Json, field: string): Record<string, string> {
  const value = json[field];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(`${field} is not an object`);
  const map: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw invalid(`${field} holds something other than strings`);
    map[key] = text;
  }
  return map;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string, options: { cause?: unknown } = {}): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message, options);
}
