import { mediaTypes } from "../../src/oci/media-types.js";
import { layerType, type ManifestToPush, manifestOf, pushBlob, pushManifest } from "./content.js";
import type { RegistryClient } from "./registry-client.js";
import { descriptorOf } from "./small-image.js";

export const configType = "application/vnd.oci.image.config.v1+json";

interface ImageToPush {
  readonly tag?: string;
  readonly config?: unknown;
  readonly layers?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Pushes an image with a configuration, by its digest unless a tag is given. */
export async function pushImage(
  client: RegistryClient,
  name: string,
  { tag, config = { os: "linux", architecture: "amd64" }, layers = ["layer"], fields = {} }: ImageToPush = {},
): Promise<ManifestToPush> {
  const bytes = Buffer.isBuffer(config) ? config : Buffer.from(JSON.stringify(config));
  await pushBlob(client, name, bytes);
  for (const layer of layers) await pushBlob(client, name, Buffer.from(layer));
  const image = manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(bytes, configType),
    layers: layers.map((layer) => descriptorOf(Buffer.from(layer), layerType)),
    ...fields,
  });
  await pushManifest(client, name, image, tag);
  return image;
}
