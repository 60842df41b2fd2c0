export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** Of what nobody knows: it is saved, and never shown. */
export const opaqueType = "application/octet-stream";

export type ManifestKind = "image" | "index";

const kinds = new Map<string, ManifestKind>([
  [mediaTypes.ociManifest, "image"],
  [mediaTypes.dockerManifest, "image"],
  [mediaTypes.ociIndex, "index"],
  [mediaTypes.dockerManifestList, "index"],
]);

/** Whether a manifest of this type is an image or an index of others; `undefined` for types we know nothing about. */
export function manifestKind(mediaType: string): ManifestKind | undefined {
  return kinds.get(mediaType);
}

/** Of JSON, of the signed JSON of schema 1, or of a vendor without a syntax that a browser knows. */
const harmlessTypes = /^application\/(?:json|(?:[\w!#$&^.-]+\+)(?:json|prettyjws)|vnd\.[\w!#$&^.-]+)$/i;

/**
 * What a manifest is sent as. It names its type itself, and an upstream or a push may choose one that a browser would
 * show as a page of this registry, such as `text/html` or `image/svg+xml`.
 */
export function servedType(mediaType: string): string {
  return harmlessTypes.test(mediaType) ? mediaType : opaqueType;
}

/** Layers of these types lie elsewhere by design and are never required, nor fetched (image-spec, "Non-Distributable Layers"). */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.includes("nondistributable") || mediaType.includes("rootfs.foreign");
}
