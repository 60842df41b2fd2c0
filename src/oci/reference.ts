import { type Digest, parseDigest } from "./digest.js";
import { RegistryError } from "./errors.js";

declare const brand: unique symbol;

/** A movable pointer to a manifest. Only {@link parseTag} creates one. */
export type Tag = string & { readonly [brand]: "Tag" };

/** The last part of `/manifests/<reference>`. */
export type Reference = Tag | Digest;

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isTag(text: string): text is Tag {
  return tagPattern.test(text);
}

/** @throws RegistryError MANIFEST_INVALID: the specification has no code for a bad tag */
export function parseTag(text: string): Tag {
  // With parseReference, the only place that makes a tag from a text.
  if (tagPattern.test(text)) return text as Tag;
  throw new RegistryError(
    "MANIFEST_INVALID",
    "a tag has 1 to 128 characters of a-z, A-Z, 0-9, . _ - and does not start with . or -",
    {
      detail: { tag: text.slice(0, 200) },
    },
  );
}

/**
 * A tag cannot contain a colon, so a text with one is a digest or an error.
 * @throws RegistryError DIGEST_INVALID or MANIFEST_INVALID
 */
export function parseReference(text: string): Reference {
  // Most are tags. See parseTag.
  if (tagPattern.test(text)) return text as Tag;
  return text.includes(":") ? parseDigest(text) : parseTag(text);
}

export function isDigestReference(reference: Reference): reference is Digest {
  return reference.includes(":");
}
