import { strict as assert } from "node:assert";
import { test } from "node:test";
import { imagesOf } from "../../src/images/images.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer } from "../support/fake-upstream/faults.js";
import { jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("team/app");
const layer = seededBytes("layer", 1_000);
const config = Buffer.from('{"os":"linux"}');
const tagPath = `/v2/${name}/manifests/latest`;
const upper = (digest: Digest) => `sha256:${digest.slice(7).toUpperCase()}`;
const of = (bytes: Buffer, more: object = { mediaType: "application/x", size: bytes.length }) => ({
  digest: digestOf(bytes),
  ...more,
});
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: of(config), layers: [of(layer)] };
const unknown = "application/vnd.example.thing+json";

const cases: readonly (readonly [what: string, json: object, type?: string])[] = [
  ["without types and sizes", { ...image, config: of(config, {}), layers: [of(layer, {})] }],
  ["with sizes of -1 and 0", { ...image, config: of(config, { size: -1 }), layers: [of(layer, { size: 0 })] }],
  ["with null among its annotations", { ...image, annotations: { a: null, created: 1 } }],
  ["with an empty subject", { ...image, subject: {} }],
  ["with a subject of a digest only", { ...image, subject: of(config, {}) }],
  ["without schemaVersion", { ...image, schemaVersion: undefined }],
  ["with digests in upper case", { ...image, config: { digest: upper(digestOf(config)) }, layers: [of(layer)] }],
  ["with layers: null", { ...image, layers: null }],
  ["without layers", { ...image, layers: undefined }],
  ["with manifests: null", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: null }, mediaTypes.ociIndex],
  [
    "of an index that also has layers",
    { ...image, mediaType: mediaTypes.ociIndex, manifests: [] },
    mediaTypes.ociIndex,
  ],
  ["with layers of unknown algorithms", { ...image, layers: [{ digest: `blake3:${"a".repeat(64)}` }, of(layer)] }],
  [
    "of Docker schema 1",
    { schemaVersion: 1, fsLayers: [{ blobSum: digestOf(layer) }], history: [], signatures: [] },
    mediaTypes.dockerSchema1Signed,
  ],
  ["of an unknown type", { mediaType: unknown, config: { key: "value" } }, unknown],
];

for (const [what, json, type = mediaTypes.ociManifest] of cases) {
  test(`a manifest ${what} comes byte for byte, by tag and by digest, and again from a new process`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const bytes = Buffer.from(JSON.stringify(json));
    const { digest } = fake.store.addManifestBytes(name, bytes, type, "latest").descriptor;
    for (const blob of [layer, config]) fake.store.addBlob(name, blob);
    const { client, root, storage } = await runProxy(scope, fake.url);
    for (const path of [tagPath, `/v2/${name}/manifests/${digest}`]) {
      const { status, headers, body } = await client.get(path);
      assert.deepEqual([status, headers["content-type"], body], [200, type, bytes]);
    }
    for (const blob of [layer, config]) {
      assert.deepEqual((await client.get(`/v2/${name}/blobs/${digestOf(blob)}`)).body, blob);
    }
    await fake.stop();
    const { client: other } = await runProxy(scope, fake.url, { root });
    const kept = await other.get(tagPath);
    assert.deepEqual([kept.status, kept.headers["content-type"], kept.body], [200, type, bytes]);
    const [evictable] = await imagesOf(storage, name, "docker.io");
    const named = [layer, config]
      .map((blob) => digestOf(blob))
      .filter((each) => bytes.toString().toLowerCase().includes(each));
    assert.deepEqual([evictable?.digest, new Set(evictable?.blobs)], [digest, new Set(named)]);
  });
}

test("a signed manifest of schema 1 comes by its tag, although the upstream's digest is not that of its bytes", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 1, fsLayers: [{ blobSum: digestOf(layer) }], history: [] }),
  );
  const { descriptor } = fake.store.addManifestBytes(name, bytes, mediaTypes.dockerSchema1Signed, "latest");
  // Registries compute it without the signatures, and send the same bytes under it.
  const payload = digestOf(Buffer.from("without signatures"));
  const signed = { "content-type": mediaTypes.dockerSchema1Signed, "docker-content-digest": payload };
  fake.faults.add({ kind: "manifest" }, answer({ status: 200, headers: signed, body: contentOf(bytes) }));
  const { client } = await runProxy(scope, fake.url);
  for (const path of [tagPath, `/v2/${name}/manifests/${descriptor.digest}`]) {
    const { status, headers, body } = await client.get(path);
    assert.deepEqual([status, headers["docker-content-digest"], body], [200, descriptor.digest, bytes]);
  }
  assert.equal((await client.get(`/v2/${name}/manifests/${payload}`)).status, 502);
});

test("a manifest without a type has the one that the upstream sent, also in another process", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addManifestBytes(name, Buffer.from('{"hello":"world"}'), "application/vnd.cncf.opa.policy+json", "latest");
  const { client, root } = await runProxy(scope, fake.url);
  assert.equal((await client.get(tagPath)).headers["content-type"], "application/vnd.cncf.opa.policy+json");
  const { client: other } = await runProxy(scope, fake.url, { root });
  assert.equal((await other.get(tagPath)).headers["content-type"], "application/vnd.cncf.opa.policy+json");
});

for (const mediaType of ["text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "text/xml"]) {
  test(`a manifest that declares the type ${mediaType} is never sent with that type`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const page = Buffer.from(JSON.stringify({ mediaType, "<script>": "alert(1)" }));
    fake.store.addManifestBytes(name, page, mediaType, "latest");
    const { client } = await runProxy(scope, fake.url);
    for (const { headers } of [await client.head(tagPath), await client.get(tagPath)]) {
      assert.equal(headers["content-type"], "application/octet-stream");
      assert.equal(headers["content-security-policy"], "sandbox");
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
  });
}

test("a type that the upstream sends only with HEAD is not passed on if a browser would show it", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const digest = digestOf(layer);
  const headers = { "docker-content-digest": digest, "content-type": "text/html", "content-length": "50" };
  fake.faults.add({ method: "HEAD" }, answer({ ...jsonReply(200, {}), headers }));
  const { client } = await runProxy(scope, fake.url);
  assert.equal((await client.head(tagPath)).headers["content-type"], "application/octet-stream");
});
