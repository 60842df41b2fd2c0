import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { storeBlob } from "../../support/blob.js";
import { collect } from "../../support/garbage.js";
import { Scope } from "../../support/scope.js";
import { storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("team/app");
const config = Buffer.from('{"os":"linux"}');
const layer = Buffer.from("a layer");
const [configDigest, layerDigest] = [digestOf(config), digestOf(layer)];
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest };
const upper = (digest: Digest) => `sha256:${digest.slice(7).toUpperCase()}`;

const cases: readonly (readonly [what: string, json: object])[] = [
  ["has no types and sizes", { ...image, config: { digest: configDigest }, layers: [{ digest: layerDigest }] }],
  ["has a size of -1", { ...image, config: { digest: configDigest, size: -1 }, layers: [{ digest: layerDigest }] }],
  [
    "has its digests in upper case",
    { ...image, config: { digest: upper(configDigest) }, layers: [{ digest: upper(layerDigest) }] },
  ],
  [
    "has null among its layers and annotations",
    { ...image, config: { digest: configDigest }, layers: [null, { digest: layerDigest }], annotations: { a: null } },
  ],
  [
    "has an empty subject",
    { ...image, config: { digest: configDigest }, layers: [{ digest: layerDigest }], subject: {} },
  ],
  [
    "lists its layers under another spelling",
    { ...image, config: { digest: configDigest }, layers: [], Layers: [{ digest: layerDigest }] },
  ],
  [
    "is an index of blobs",
    { ...image, mediaType: mediaTypes.ociIndex, manifests: [{ digest: configDigest }, { digest: layerDigest }] },
  ],
  ["is of Docker schema 1", { schemaVersion: 1, fsLayers: [{ blobSum: layerDigest }, { blobSum: configDigest }] }],
  ["is of an unknown type", { mediaType: "application/vnd.example+json", any: { where: [configDigest, layerDigest] } }],
];

for (const [what, json] of cases) {
  test(`what a manifest needs that ${what}, as registry:2 took it, is no garbage`, async (t) => {
    const { storage } = await storageOnDisk(new Scope(t));
    for (const blob of [config, layer]) await storeBlob(storage, name, blob);
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = digestOf(bytes);
    await storage.manifests.put(name, { descriptor: { mediaType: "a/b", digest, size: bytes.length }, bytes });
    await storage.tags.put(name, parseTag("v1"), digest);
    const orphan = await storeBlob(storage, name, Buffer.from("in no manifest"));
    const { erased, problems } = await collect(storage, { deleteUntagged: true });
    assert.deepEqual([erased, problems], [[orphan], []]);
    assert.deepEqual((await storage.manifests.find(name, digest))?.bytes, bytes);
  });
}

test("a signature without types and sizes is kept as long as its subject", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const put = async (json: object) => {
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = digestOf(bytes);
    await storage.manifests.put(name, { descriptor: { mediaType: "a/b", digest, size: bytes.length }, bytes });
    return digest;
  };
  await storeBlob(storage, name, config);
  const subject = await put({ ...image, config: { digest: configDigest } });
  const signature = await put({ ...image, config: { digest: configDigest }, subject: { digest: subject } });
  const untagged = await put({ ...image, config: { digest: configDigest }, annotations: { untagged: "yes" } });
  await storage.tags.put(name, parseTag("v1"), subject);
  await collect(storage, { deleteUntagged: true });
  assert.ok(await storage.manifests.find(name, signature));
  assert.equal(await storage.manifests.find(name, untagged), undefined);
});
