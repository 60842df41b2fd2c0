import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { emptyConfigType, layerType, type ManifestToPush, manifestOf, pushBlob, pushManifest } from "./content.js";
import type { RegistryClient } from "./registry-client.js";

/** The config of images that need none. */
export const emptyConfig = Buffer.from("{}");

/** How a manifest references a blob. */
export function descriptorOf(bytes: Buffer, mediaType = layerType): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** An image with an empty config and one layer of some text, and more fields as a test needs them. */
export function smallImage(text: string, fields: Readonly<Record<string, unknown>> = {}): ManifestToPush {
  return manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(emptyConfig, emptyConfigType),
    layers: [descriptorOf(Buffer.from(text))],
    ...fields,
  });
}

/** Pushes the blobs of a small image, but not the image. */
export async function pushBlobsOf(client: RegistryClient, name: string, text: string): Promise<void> {
  for (const blob of [emptyConfig, Buffer.from(text)]) await pushBlob(client, name, blob);
}

/** Pushes a small image, by its digest unless a tag is given. */
export async function pushSmallImage(
  client: RegistryClient,
  name: string,
  text: string,
  options: { readonly tag?: string; readonly fields?: Readonly<Record<string, unknown>> } = {},
): Promise<ManifestToPush> {
  const image = smallImage(text, options.fields);
  await pushBlobsOf(client, name, text);
  await pushManifest(client, name, image, options.tag);
  return image;
}
