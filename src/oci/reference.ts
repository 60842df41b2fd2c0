import { type Digest, isDigest, parseDigest } from "./digest.js";
import { RegistryError } from "./errors.js";

declare const brand: unique symbol;

/** A changeable pointer to a manifest: only {@link parseTag} makes one. */
export type Tag = string & { readonly [brand]: "Tag" };

/** What stands in `/manifests/<reference>`. */
export type Reference = Tag | Digest;

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isTag(text: string): text is Tag {
  return tagPattern.test(text);
}

/** @throws RegistryError MANIFEST_INVALID: the specification has no code for a bad tag */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError(
    "MANIFEST_INVALID",
    "a tag has 1 to 128 characters of a-z, A-Z, 0-9, . _ - and does not start with . or -",
    {
      detail: { tag: text.slice(0, 200) },
    },
  );
}

/**
 * A colon is in no tag, so what has one is a digest or an error, never a tag.
 * @throws RegistryError DIGEST_INVALID or MANIFEST_INVALID
 */
export function parseReference(text: string): Reference {
  return text.includes(":") ? parseDigest(text) : parseTag(text);
}

export function isDigestReference(reference: Reference): reference is Digest {
  return isDigest(reference);
}
