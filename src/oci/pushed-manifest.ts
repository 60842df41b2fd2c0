import type { Descriptor } from "./descriptor.js";
import { algorithmOf, type Digest, digestOf } from "./digest.js";
import { carriesOwnContent } from "./embedded-data.js";
import { RegistryError } from "./errors.js";
import { type ManifestContent, parseManifest } from "./manifest.js";
import { pushedBounds, scanManifest } from "./manifest-scan.js";
import { isDigestReference, type Reference } from "./reference.js";

/** What a client says about a manifest that it pushes. */
export interface PushClaims {
  /** A digest is one that it must have. */
  readonly reference: Reference;
  /** Without parameters. */
  readonly contentType: string | undefined;
}

/** What was found in a pushed manifest. */
export interface PushFindings {
  readonly digest: Digest;
  /** Missing if the digest is wrong, or if it is refused. Only the parts that a push needs. */
  readonly content?: ManifestContent;
  /** Why it is refused, for a `MANIFEST_INVALID`. */
  readonly refusal?: { readonly message: string; readonly detail?: unknown };
}

/**
 * Parses a pushed manifest, strictly, since it will be stored. It must mean the same to every reader, and parsing it
 * must not cost more than parsing any manifest that real programs write.
 */
export function examinePushed(bytes: Buffer, { reference, contentType }: PushClaims): PushFindings {
  const digest = digestOf(bytes, isDigestReference(reference) ? algorithmOf(reference) : undefined);
  if (isDigestReference(reference) && digest !== reference) return { digest };
  try {
    refuseOddities(bytes);
    return { digest, content: withoutDetails(parseManifest(bytes, contentType)) };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { digest, refusal: { message: error.message, detail: error.detail } };
  }
}

/** @throws RegistryError MANIFEST_INVALID */
function refuseOddities(bytes: Buffer): void {
  const { excess, repeated, ambiguous } = scanManifest(bytes, pushedBounds);
  if (excess !== undefined) throw invalid(`the manifest is refused: ${excess}`);
  if (repeated !== undefined) throw invalid(`the key ${shown(repeated)} occurs twice in one object of the manifest`);
  if (ambiguous !== undefined) {
    throw invalid(
      `the key ${shown(ambiguous)} is ambiguous: Go programs ignore the case of keys and read it as another one`,
    );
  }
}

/**
 * Without what no push needs, since there may be megabytes of it: of descriptors, only what decides whether they may be
 * named; annotations only if they will be listed, for the subject.
 * @throws RegistryError MANIFEST_INVALID if embedded data does not match its descriptor
 */
function withoutDetails(content: ManifestContent): ManifestContent {
  const { config, subject, layers, manifests } = content;
  return {
    ...content,
    config: config && checked(config),
    subject: subject && checked(subject),
    layers: layers.map(checked),
    manifests: manifests.map(checked),
    annotations: subject === undefined ? {} : content.annotations,
  };
}

function checked(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls } = descriptor;
  if (carriesOwnContent(descriptor)) return { mediaType, digest, size, ...(urls && { urls }) };
  throw invalid(`the data in the descriptor of ${digest} is not the content that it describes`, { digest });
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 100));
}

function invalid(message: string, detail?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message, { detail });
}
