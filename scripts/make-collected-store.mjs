// Creates a data directory to measure collections on:
//   node scripts/make-collected-store.mjs FOLDER [REPOSITORIES [IMAGES [GARBAGE]]]
// By default 200 repositories with 100 images each: 20,000 manifests, each with its own config and three layers of its
// own, so 100,000 blobs, and 1,000 blobs that nothing needs. It has the layout of registry:2. All files are two days
// old, so that no claim protects them.
import { createHash } from "node:crypto";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const imageType = "application/vnd.oci.image.manifest.v1+json";
const old = Date.now() / 1000 - 2 * 24 * 60 * 60;

/** @returns the names of its repositories */
export function makeCollectedStore(folder, { repositories = 200, images = 100, garbage } = {}) {
  const names = Array.from({ length: repositories }, (_, index) => `team/app-${index}`);
  for (const name of names) for (let image = 0; image < images; image++) addImage(folder, name, `v${image}`);
  addGarbage(folder, garbage);
  return names;
}

/** Adds blobs that nothing needs, or adds them again. */
export function addGarbage(folder, count = 1_000) {
  for (let index = 0; index < count; index++) storeBlob(rootOf(folder), `garbage ${index}`);
}

/** Adds an image with content of its own, under a tag. */
export function addImage(folder, name, tag) {
  const root = rootOf(folder);
  const repository = `repositories/${name}`;
  const says = `${name}:${tag}`;
  const config = storeBlob(root, JSON.stringify({ architecture: "amd64", os: "linux", image: says }));
  const layers = [0, 1, 2].map((index) => storeBlob(root, `layer ${index} of ${says}`));
  const manifest = storeBlob(
    root,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: imageType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer })),
    }),
  );
  for (const { digest } of [config, ...layers]) link(root, `${repository}/_layers/${asPath(digest)}`, digest);
  link(root, `${repository}/_manifests/revisions/${asPath(manifest.digest)}`, manifest.digest);
  link(root, `${repository}/_manifests/tags/${tag}/index/${asPath(manifest.digest)}`, manifest.digest);
  link(root, `${repository}/_manifests/tags/${tag}/current`, manifest.digest);
}

function rootOf(folder) {
  return join(folder, "docker/registry/v2");
}

function storeBlob(root, content) {
  const hex = createHash("sha256").update(content).digest("hex");
  write(join(root, `blobs/sha256/${hex.slice(0, 2)}/${hex}/data`), content);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

function link(root, path, digest) {
  write(join(root, path, "link"), digest);
}

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, old, old);
}

function asPath(digest) {
  return digest.replace(":", "/");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder, ...counts] = process.argv.slice(2);
  const [repositories, images, garbage] = counts.map(Number);
  if (folder === undefined || ![repositories, images, garbage].every((count) => count === undefined || count >= 0)) {
    console.error("usage: node scripts/make-collected-store.mjs FOLDER [REPOSITORIES [IMAGES [GARBAGE]]]");
    process.exit(1);
  }
  makeCollectedStore(folder, { repositories, images, garbage });
}
