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

/**
 * Layers of these types are stored elsewhere by design: never required, never fetched (image-spec, "Non-Distributable
 * Layers").
 */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.includes("nondistributable") || mediaType.includes("rootfs.foreign");
}
