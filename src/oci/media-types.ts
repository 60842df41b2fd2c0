export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** For unknown content: a browser saves it, and never shows it. */
export const opaqueType = "application/octet-stream";

export type ManifestKind = "image" | "index";

const kinds = new Map<string, ManifestKind>([
  [mediaTypes.ociManifest, "image"],
  [mediaTypes.dockerManifest, "image"],
  [mediaTypes.ociIndex, "index"],
  [mediaTypes.dockerManifestList, "index"],
]);

/** Whether manifests of this type are images or indexes; `undefined` for unknown types. */
export function manifestKind(mediaType: string): ManifestKind | undefined {
  return kinds.get(mediaType);
}

/** JSON, the signed JSON of schema 1, or a vendor type without a syntax that browsers know. */
const harmlessTypes = /^application\/(?:json|(?:[\w!#$&^.-]+\+)(?:json|prettyjws)|vnd\.[\w!#$&^.-]+)$/i;

/**
 * The type under which a manifest is sent. A manifest chooses its own type, so an upstream or a push could choose one
 * that a browser shows as a page of this registry, such as `text/html` or `image/svg+xml`.
 */
export function servedType(mediaType: string): string {
  return harmlessTypes.test(mediaType) ? mediaType : opaqueType;
}

/**
 * Layers of these types are stored elsewhere by design: never required, never fetched (image-spec, "Non-Distributable
 * Layers").
 */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.includes("nondistributable") || mediaType.includes("rootfs.foreign");
}
