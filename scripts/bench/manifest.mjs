/** What current clients accept; registry 2 refuses an OCI manifest to a client that does not list it. */
export const acceptedManifests = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

export const imageManifestType = "application/vnd.oci.image.manifest.v1+json";

/** The config of an image that is never run. */
export const emptyConfig = Buffer.from(
  JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [] } }),
);

/** The bytes of an image manifest of descriptors without a media type. */
export function imageManifest({ config, layers }) {
  const manifest = {
    schemaVersion: 2,
    mediaType: imageManifestType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer })),
  };
  return Buffer.from(JSON.stringify(manifest));
}
