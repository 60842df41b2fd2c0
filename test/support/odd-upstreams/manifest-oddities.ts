import { mediaTypes } from "../../../src/oci/media-types.js";
import type { ManifestJson, Oddity } from "./oddity.js";

const someDigest = `sha256:${"1".repeat(64)}`;

/** Changes of an ordinary manifest. */
const manifests: Readonly<Record<string, (manifest: ManifestJson) => Record<string, unknown>>> = {
  "with the size of a layer off by one": (manifest) =>
    eachLayer(manifest, (layer) => ({ ...layer, size: sizeOf(layer) + 1 })),
  "with layers of the size 0": (manifest) => eachLayer(manifest, (layer) => ({ ...layer, size: 0 })),
  "with layers of the size -1": (manifest) => eachLayer(manifest, (layer) => ({ ...layer, size: -1 })),
  "with layers without a size": (manifest) => eachLayer(manifest, ({ size: _, ...layer }) => layer),
  "with layers without a type": (manifest) => eachLayer(manifest, ({ mediaType: _, ...layer }) => layer),
  "with layers of an unknown type": (manifest) => eachLayer(manifest, (layer) => ({ ...layer, mediaType: "a/b" })),
  "with a config without a size": ({ config, ...manifest }) => ({
    ...manifest,
    config: without(config, "size"),
  }),
  "with a config without a type": ({ config, ...manifest }) => ({
    ...manifest,
    config: without(config, "mediaType"),
  }),
  "without its own type": ({ mediaType: _, ...manifest }) => manifest,
  "without a schemaVersion": ({ schemaVersion: _, ...manifest }) => manifest,
  "with a schemaVersion that is a string": (manifest) => ({ ...manifest, schemaVersion: "2" }),
  "with an annotation that is null": (manifest) => ({ ...manifest, annotations: { a: null } }),
  "with an annotation that is a number": (manifest) => ({ ...manifest, annotations: { created: 1 } }),
  "with the subject {}": (manifest) => ({ ...manifest, subject: {} }),
  "with a subject that is only a digest": (manifest) => ({ ...manifest, subject: { digest: someDigest } }),
  "with manifests: null": (manifest) => ({ ...manifest, manifests: null }),
  "with layers: null": (manifest) => ({ ...manifest, layers: null }),
  "without layers": ({ layers: _, ...manifest }) => manifest,
  "with digests in upper-case hex": (manifest) =>
    eachLayer(manifest, (layer) => ({ ...layer, digest: inUpperCase(layer) })),
  "with a layer of the algorithm sha384": (manifest) => withLayer(manifest, `sha384:${"a".repeat(96)}`),
  "with a layer of the algorithm blake3": (manifest) => withLayer(manifest, `blake3:${"a".repeat(64)}`),
  "that is an index of layers (BuildKit's cache with image-manifest=false)": ({ config, layers }) => ({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [...layers, { ...config, mediaType: "application/vnd.buildkit.cacheconfig.v0" }],
  }),
};

/** Manifests of registries that check them less strictly than the specification. */
export const manifestOddities: readonly Oddity[] = Object.entries(manifests).map(([what, manifest]) => ({
  title: `a manifest ${what}`,
  manifest,
}));

type LayerJson = Readonly<Record<string, unknown>>;

function eachLayer(manifest: ManifestJson, change: (layer: LayerJson) => LayerJson): ManifestJson {
  return { ...manifest, layers: manifest.layers.map((layer) => change({ ...layer })) };
}

function withLayer(manifest: ManifestJson, digest: string): ManifestJson {
  const [first] = manifest.layers;
  return { ...manifest, layers: [...manifest.layers, { ...first, digest }] };
}

function sizeOf(layer: LayerJson): number {
  return Number(layer.size);
}

function inUpperCase({ digest }: LayerJson): string {
  const [algorithm = "", hex = ""] = String(digest).split(":");
  return `${algorithm}:${hex.toUpperCase()}`;
}

function without(descriptor: object, field: string): object {
  return Object.fromEntries(Object.entries(descriptor).filter(([name]) => name !== field));
}
