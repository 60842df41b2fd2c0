import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import {
  emptyConfigType,
  layerType,
  type ManifestToPush,
  manifestOf,
  pushBlob,
  pushManifest,
} from "../support/content.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, emptyConfig, pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";

const name = "team/app";
const layer = Buffer.from("layer");
const config = descriptorOf(emptyConfig, emptyConfigType);

function put(client: RegistryClient, { bytes, descriptor }: ManifestToPush, reference = "v1"): Promise<Answer> {
  const headers = { "content-type": descriptor.mediaType };
  return client.request("PUT", `/v2/${name}/manifests/${reference}`, { body: bytes, headers });
}

function imageOf(fields: Readonly<Record<string, unknown>>): ManifestToPush {
  return manifestOf({ mediaType: mediaTypes.ociManifest, config, layers: [], ...fields });
}

function indexOf(manifests: readonly object[]): ManifestToPush {
  return manifestOf({ mediaType: mediaTypes.ociIndex, manifests });
}

async function expectRefusal(answer: Promise<Answer>, code: string, what = ""): Promise<Answer> {
  const refused = await answer;
  assert.equal(refused.status, 400, what);
  assert.equal(errorCodeOf(refused), code, what);
  return refused;
}

test("an image is refused as long as any of its blobs is missing, and the error names it", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const image = smallImage("layer");
  const nothing = await expectRefusal(put(client, image), "MANIFEST_BLOB_UNKNOWN");
  assert.deepEqual(JSON.parse(nothing.body.toString()).errors[0].detail, [
    { digest: config.digest },
    { digest: digestOf(layer) },
  ]);
  await pushBlob(client, name, layer);
  await expectRefusal(put(client, image), "MANIFEST_BLOB_UNKNOWN");
  assert.equal((await client.get(`/v2/${name}/manifests/v1`)).status, 404);
  assert.equal((await client.get(`/v2/${name}/manifests/${image.descriptor.digest}`)).status, 404);
  await pushBlob(client, name, emptyConfig);
  assert.equal((await put(client, image)).status, 201);
});

test("referencing blobs of another repository does not make them readable", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushSmallImage(client, "team/secret", "layer");
  await expectRefusal(put(client, smallImage("layer")), "MANIFEST_BLOB_UNKNOWN");
  assert.equal((await client.get(`/v2/${name}/blobs/${digestOf(layer)}`)).status, 404);
});

test("sparse manifests reference missing content, and make nothing readable either", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t), { private: { sparse: true } });
  const image = await pushSmallImage(client, "team/secret", "layer");
  assert.equal((await put(client, image)).status, 201);
  assert.equal((await put(client, indexOf([smallImage("absent").descriptor, image.descriptor]), "v2")).status, 201);
  assert.equal((await client.get(`/v2/${name}/blobs/${digestOf(layer)}`)).status, 404);
  assert.equal((await client.get(`/v2/${name}/manifests/${smallImage("absent").descriptor.digest}`)).status, 404);
});

test("an index is refused as long as a child is missing, or is only a blob", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const child = smallImage("layer");
  await expectRefusal(put(client, indexOf([child.descriptor])), "MANIFEST_BLOB_UNKNOWN");
  await pushBlob(client, name, child.bytes);
  await expectRefusal(put(client, indexOf([child.descriptor])), "MANIFEST_BLOB_UNKNOWN");
  await pushSmallImage(client, "team/other", "layer");
  await expectRefusal(put(client, indexOf([child.descriptor])), "MANIFEST_BLOB_UNKNOWN");
  await pushSmallImage(client, name, "layer");
  assert.equal((await put(client, indexOf([child.descriptor]))).status, 201);
});

test("a manifest is not a layer, unless it was also pushed as a blob", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const inner = await pushSmallImage(client, name, "layer");
  const outer = imageOf({ layers: [inner.descriptor] });
  await expectRefusal(put(client, outer), "MANIFEST_BLOB_UNKNOWN");
  await pushBlob(client, name, inner.bytes);
  assert.equal((await put(client, outer)).status, 201);
});

test("one blob may be config and layer, many times", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, name, emptyConfig);
  assert.equal((await put(client, imageOf({ layers: [config, config, config] }))).status, 201);
});

test("an index of indexes, one that lists a child twice and an empty one are accepted", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const child = await pushSmallImage(client, name, "layer");
  const inner = indexOf([child.descriptor, child.descriptor]);
  await pushManifest(client, name, inner);
  assert.equal((await put(client, indexOf([inner.descriptor, child.descriptor]))).status, 201);
  assert.equal((await put(client, indexOf([]))).status, 201);
});

for (const [what, layers] of [
  ["urls", [{ ...descriptorOf(Buffer.from("absent")), urls: ["http://127.0.0.1:1/layer"] }]],
  [
    "a non-distributable type",
    [descriptorOf(Buffer.from("absent"), "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")],
  ],
  [
    "Docker's foreign type",
    [descriptorOf(Buffer.from("absent"), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")],
  ],
] as const) {
  test(`a layer with ${what} is stored elsewhere, and neither required nor fetched`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushBlob(client, name, emptyConfig);
    assert.equal((await put(client, imageOf({ layers }))).status, 201);
    assert.equal((await client.get(`/v2/${name}/blobs/${digestOf(Buffer.from("absent"))}`)).status, 404);
  });
}

test("an empty list of urls does not excuse a missing layer", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, name, emptyConfig);
  const image = imageOf({ layers: [{ ...descriptorOf(layer), urls: [] }] });
  await expectRefusal(put(client, image), "MANIFEST_BLOB_UNKNOWN");
});

test("a wrong size is refused, and the content is kept", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const child = await pushSmallImage(client, name, "layer");
  for (const size of [0, 4, 6, 2 ** 40]) {
    await expectRefusal(put(client, imageOf({ layers: [{ ...descriptorOf(layer), size }] })), "MANIFEST_INVALID");
    await expectRefusal(put(client, imageOf({ config: { ...config, size } })), "MANIFEST_INVALID");
    await expectRefusal(put(client, indexOf([{ ...child.descriptor, size }])), "MANIFEST_INVALID");
  }
  assert.ok((await client.get(`/v2/${name}/blobs/${digestOf(layer)}`)).body.equals(layer));
});

for (const [what, descriptor] of [
  ["a negative size", { ...config, size: -1 }],
  ["half a byte", { ...config, size: 1.5 }],
  ["a size beyond safe integers", { ...config, size: 2 ** 63 }],
  ["a size as a string", { ...config, size: "2" }],
  ["no size", { ...config, size: undefined }],
  ["no digest", { ...config, digest: undefined }],
  ["no type", { ...config, mediaType: undefined }],
  ["a digest that is a path", { ...config, digest: "sha256:../../../etc/passwd" }],
  ["a digest of another algorithm", { ...config, digest: `md5:${"a".repeat(32)}` }],
  ["a digest in upper case", { ...config, digest: config.digest.toUpperCase() }],
  ["annotations that are not strings", { ...config, annotations: { a: 1 } }],
  ["annotations that are a list", { ...config, annotations: [] }],
  ["nothing in it", {}],
  ["a string instead", config.digest],
  ["null instead", null],
] as const) {
  test(`a descriptor with ${what} is refused wherever it is, in sparse manifests too`, async (t) => {
    const { client } = await runBerth(new Scope(t), { private: { sparse: true } });
    await expectRefusal(put(client, imageOf({ config: descriptor })), "MANIFEST_INVALID", "config");
    await expectRefusal(put(client, imageOf({ layers: [config, descriptor] })), "MANIFEST_INVALID", "layer");
    await expectRefusal(put(client, indexOf([descriptor as object])), "MANIFEST_INVALID", "child");
    if (descriptor === null) return;
    await expectRefusal(put(client, imageOf({ subject: descriptor })), "MANIFEST_INVALID", "subject");
  });
}

test("properties of JavaScript's prototypes are neither keys nor values of descriptors", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const text = smallImage("layer").bytes.toString();
  const inherited = text.replace(/"config":\{[^}]+\}/, `"__proto__":{"config":${JSON.stringify(config)}}`);
  const answer = await client.request("PUT", `/v2/${name}/manifests/v1`, { body: inherited });
  assert.equal(answer.status, 400);
  const annotated = text.replace("{", '{"annotations":{"__proto__":"x","constructor":"y","toString":"z"},');
  assert.equal((await client.request("PUT", `/v2/${name}/manifests/v1`, { body: annotated })).status, 201);
  assert.equal((await client.get(`/v2/${name}/manifests/v1`)).body.toString(), annotated);
});

test("a manifest with very many layers is accepted in bounded time, and does not block others", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const many = imageOf({ layers: Array(20_000).fill(descriptorOf(layer, layerType)) });
  const pushing = put(client, many);
  assert.equal((await client.get("/v2/")).status, 200);
  assert.equal((await pushing).status, 201);
});

test("an image references blobs by either kind of digest that they were pushed by", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const digest = digestOf(layer, "sha512");
  await pushBlob(client, name, emptyConfig);
  const image = imageOf({ layers: [{ ...descriptorOf(layer), digest }] });
  await pushBlob(client, name, layer);
  await expectRefusal(put(client, image), "MANIFEST_BLOB_UNKNOWN");
  await pushBlob(client, name, layer, digest);
  assert.equal((await put(client, image)).status, 201);
});
