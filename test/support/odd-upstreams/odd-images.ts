import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import type { FakeUpstream } from "../fake-upstream.js";
import { tarLayer } from "../tar-layer.js";
import type { OddImage, Oddity } from "./oddity.js";

const configType = "application/vnd.oci.image.config.v1+json";

/** Adds an image with real layers, one of them shared by all images, to a repository, as `v1`. */
export function addOddImage(upstream: FakeUpstream, name: string, oddity: Oddity): OddImage {
  // Not the bytes of any other upstream, which a cache might already have.
  const unique = `${name} of ${upstream.origin}`;
  const tars = [
    tarLayer("base", `the layer that all images of ${upstream.origin} share\n`),
    tarLayer(name, `only in ${unique}\n`),
  ];
  const layers = [...tars.map(({ bytes }) => bytes), ...(oddity.extraLayers?.(unique) ?? [])];
  const diffIds = [...tars.map(({ diffId }) => diffId), ...layers.slice(tars.length).map((bytes) => digestOf(bytes))];
  const config = Buffer.from(JSON.stringify(configOf(unique, diffIds)));
  const add = (bytes: Buffer, mediaType?: string): Descriptor => upstream.store.addBlob(name, bytes, mediaType);
  const usual = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: add(config, configType),
    layers: layers.map((bytes) => add(bytes)),
  };
  const json: Record<string, unknown> = oddity.manifest?.(usual) ?? usual;
  const manifest = Buffer.from(JSON.stringify(json));
  const { mediaType = mediaTypes.ociManifest } = json;
  const { digest } = upstream.store.addManifestBytes(name, manifest, String(mediaType), "v1").descriptor;
  const blobs = new Map([config, ...layers].map((bytes) => [digestOf(bytes), bytes]));
  return { name, nameThere: name, digest, manifest, blobs };
}

function configOf(unique: string, diffIds: readonly string[]): object {
  const history = diffIds.map(() => ({ created_by: unique }));
  return { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds }, history };
}
