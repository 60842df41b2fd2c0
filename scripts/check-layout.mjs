// Reads a data directory as it lies on the disk, and prints what is wrong with it: node scripts/check-layout.mjs ROOT
// Shares no code with Berth, so that tests can compare what both believe. Prints one JSON document:
//   problems: what must never be, whatever was killed
//   dangling: tags that point to nothing, which a killed deletion may leave
//   images: "name:tag" of each image that is whole, with its digest
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.argv[2] ?? "";
const blobs = join(root, "docker/registry/v2/blobs");
const repositories = join(root, "docker/registry/v2/repositories");
const problems = [];
const dangling = [];
const images = {};

checkBlobs();
for (const name of namesBelow("")) checkRepository(name);
process.stdout.write(`${JSON.stringify({ problems, dangling, images })}\n`);

/** What a name promises: bytes that match it. */
function checkBlobs() {
  for (const algorithm of list(blobs)) {
    for (const prefix of list(join(blobs, algorithm))) {
      for (const hex of list(join(blobs, algorithm, prefix))) {
        const path = join(blobs, algorithm, prefix, hex, "data");
        if (!hex.startsWith(prefix)) problems.push(`${path} is in the wrong folder`);
        if (!existsSync(path)) continue;
        if (createHash(algorithm).update(readFileSync(path)).digest("hex") !== hex)
          problems.push(`the bytes of ${algorithm}:${hex} are others`);
      }
    }
  }
}

function checkRepository(name) {
  const folder = join(repositories, name);
  const isCached = existsSync(join(root, ".berth/cached", name, "_upstream"));
  for (const kind of ["_layers", "_manifests/revisions"])
    for (const digest of digestsIn(join(folder, kind)))
      checkLink(join(folder, kind, digest.replace(":", "/"), "link"), digest);
  for (const tag of list(join(folder, "_manifests/tags"))) {
    const link = join(folder, "_manifests/tags", tag, "current/link");
    if (!existsSync(link)) continue;
    const digest = readFileSync(link, "latin1");
    if (!/^sha(256|512):[0-9a-f]+$/.test(digest)) problems.push(`${link} is torn: ${JSON.stringify(digest)}`);
    else if (!isLinked(folder, "_manifests/revisions", digest)) dangling.push(`${name}:${tag}`);
    else {
      const missing = missingOf(folder, digest);
      if (missing.length === 0) images[`${name}:${tag}`] = digest;
      // A cache downloads the rest when it is asked for.
      else if (!isCached) problems.push(`${name}:${tag} lacks ${missing.join(", ")}`);
    }
  }
}

function checkLink(link, digest) {
  if (existsSync(link) && readFileSync(link, "latin1") !== digest) problems.push(`${link} is torn`);
}

/** Digests that a manifest needs, directly or not, and that are not there. */
function missingOf(folder, digest, seen = new Set()) {
  if (seen.has(digest)) return [];
  seen.add(digest);
  const bytes = bytesOf(digest);
  if (bytes === undefined) return [digest];
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString());
  const blobsNeeded = [...(config ? [config] : []), ...layers].map((each) => each.digest);
  return [
    ...blobsNeeded.filter((each) => !isLinked(folder, "_layers", each) || !existsSync(pathOf(each))),
    ...manifests.flatMap((child) =>
      isLinked(folder, "_manifests/revisions", child.digest) ? missingOf(folder, child.digest, seen) : [child.digest],
    ),
  ];
}

function isLinked(folder, kind, digest) {
  return existsSync(join(folder, kind, digest.replace(":", "/"), "link"));
}

function bytesOf(digest) {
  return existsSync(pathOf(digest)) ? readFileSync(pathOf(digest)) : undefined;
}

function pathOf(digest) {
  const [algorithm, hex] = digest.split(":");
  return join(blobs, algorithm, hex.slice(0, 2), hex, "data");
}

function digestsIn(folder) {
  return list(folder).flatMap((algorithm) => list(join(folder, algorithm)).map((hex) => `${algorithm}:${hex}`));
}

/** Names of repositories: folders with a folder that begins with `_`. */
function namesBelow(path) {
  const children = list(join(repositories, path));
  const below = children.filter((child) => !child.startsWith("_")).flatMap((child) => namesBelow(join(path, child)));
  return children.some((child) => child.startsWith("_")) ? [path, ...below] : below;
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
