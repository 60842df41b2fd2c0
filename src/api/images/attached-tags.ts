import { type Digest, hexOf } from "../../oci/digest.js";
import { parseTag, type Tag } from "../../oci/reference.js";

export type AttachedKind = "signature" | "sbom" | "attestation";

/** How cosign names what belongs to an image, where it does not use referrers: `sha256-<hex>.sig`. */
const kindsBySuffix: Readonly<Record<string, AttachedKind>> = { sig: "signature", att: "attestation", sbom: "sbom" };
const attachedTag = /^sha256-[0-9a-f]{64}\.(sig|att|sbom)$/;

/** The tags under which something may be attached to a manifest. */
export function attachedTags(subject: Digest): readonly { readonly tag: Tag; readonly kind: AttachedKind }[] {
  if (!subject.startsWith("sha256:")) return [];
  const stem = `sha256-${hexOf(subject)}`;
  return Object.entries(kindsBySuffix).map(([suffix, kind]) => ({ tag: parseTag(`${stem}.${suffix}`), kind }));
}

/** What a tag attaches to an image; `undefined` for the tags that people choose. */
export function attachedBy(tag: Tag): AttachedKind | undefined {
  // Lists have very many tags, of which hardly any begins so.
  return tag.startsWith("sha256-") ? kindsBySuffix[attachedTag.exec(tag)?.[1] ?? ""] : undefined;
}
