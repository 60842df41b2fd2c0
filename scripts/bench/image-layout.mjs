import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { emptyConfig, imageManifest, imageManifestType } from "./manifest.mjs";

/**
 * Writes an image of random layers as an OCI image layout. The layers begin like gzip: skopeo would compress anything
 * else before it pushes, and dominate the measurement.
 */
export function writeImageLayout(folder, { layers, layerSize }) {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const config = putBlob(folder, emptyConfig);
  const stored = Array.from({ length: layers }, () => putBlob(folder, gzipSync(randomBytes(layerSize), { level: 0 })));
  const manifest = putBlob(folder, imageManifest({ config, layers: stored }));
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  const index = { schemaVersion: 2, manifests: [{ mediaType: imageManifestType, ...manifest, annotations }] };
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

function putBlob(folder, bytes) {
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(folder, "blobs/sha256", hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}
