// Creates a data directory with very many entries, to see which costs grow with what is stored:
//   node scripts/make-large-store.mjs FOLDER [REPOSITORIES [TAGS [IMAGES]]]
// By default 20,000 repositories, of which `large/tags` has 50,000 tags, with 3,000 images in total, and `large/index` an
// index of 1,000 manifests. It has the layout of registry:2, so either program serves it: BERTH_STORAGE_FILESYSTEM_ROOT=FOLDER npm start
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const repositoriesOfTeam = 100;
const manifestsOfIndex = 1_000;

const [folder, ...counts] = process.argv.slice(2);
if (folder === undefined) fail("usage: node scripts/make-large-store.mjs FOLDER [REPOSITORIES [TAGS [IMAGES]]]");
const [repositories = 20_000, tags = 50_000, images = 3_000] = counts.map(Number);
if (![repositories, tags, images].every((count) => Number.isSafeInteger(count) && count > 0))
  fail("counts are whole numbers");
const root = join(folder, "docker/registry/v2");

const made = Array.from({ length: images }, (_, index) => makeImage(index));
for (let index = 0; index < repositories - 2; index++) {
  const team = String(Math.floor(index / repositoriesOfTeam)).padStart(5, "0");
  // Some are below others, and some names are prefixes of others.
  const name = [`team-${team}/app-${index}`, `team-${team}/app-${index}/web`, `team-${team}-ci/app-${index}`][
    index % 3
  ];
  addImage(name, made[index % images], ["latest"]);
}
addImage(
  "large/tags",
  made[0],
  Array.from({ length: tags }, (_, index) => `v${index}`),
);
addIndex("large/index", made.slice(0, manifestsOfIndex), "1.0");
console.log(`${repositories} repositories, ${images} images, and ${tags} tags of large/tags in ${folder}`);

function makeImage(index) {
  const config = storeBlob(JSON.stringify({ architecture: "amd64", os: "linux", number: index }));
  const layer = storeBlob(`the layer of image ${index}`);
  const manifest = storeBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: imageType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    }),
  );
  return { manifest, blobs: [config, layer] };
}

function addImage(name, { manifest, blobs }, tagged) {
  const repository = `repositories/${name}`;
  for (const { digest } of blobs) link(`${repository}/_layers/${asPath(digest)}`, digest);
  link(`${repository}/_manifests/revisions/${asPath(manifest.digest)}`, manifest.digest);
  for (const tag of tagged) {
    link(`${repository}/_manifests/tags/${tag}/index/${asPath(manifest.digest)}`, manifest.digest);
    link(`${repository}/_manifests/tags/${tag}/current`, manifest.digest);
  }
}

/** An index whose manifests are for many versions of a system. */
function addIndex(name, images, tag) {
  const manifests = images.map(({ manifest }, index) => ({
    mediaType: imageType,
    ...manifest,
    platform: { os: "linux", architecture: "amd64", "os.version": String(index) },
  }));
  for (const image of images) addImage(name, image, []);
  const manifest = storeBlob(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  addImage(name, { manifest, blobs: [] }, [tag]);
}

function storeBlob(content) {
  const hex = createHash("sha256").update(content).digest("hex");
  write(`blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, content);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

function link(path, digest) {
  write(`${path}/link`, digest);
}

function write(path, content) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function asPath(digest) {
  return digest.replace(":", "/");
}

function fail(message) {
  console.error(`make-large-store: ${message}`);
  process.exit(1);
}
