import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { manifestOf, pushBlob } from "../support/content.js";
import { type Answer, errorCodeOf, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { pushSample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";

const name = "team/app";

function put(client: RegistryClient, reference: string, body: Buffer, type: string | undefined): Promise<Answer> {
  const headers = type === undefined ? {} : { "content-type": type };
  return client.request("PUT", `/v2/${name}/manifests/${reference}`, { body, headers });
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`every kind of manifest is pushed by digest and by tag, and is returned unchanged (${where})`, async (t) => {
    const { client } = await start(new Scope(t), { private: { sparse: true } });
    for (const sample of sampleContent()) {
      await pushSample(client, sample);
      const { descriptor, bytes } = sample.manifest;
      for (const reference of [descriptor.digest, ...sample.tags]) {
        for (const method of ["HEAD", "GET"]) {
          const answer = await client.request(method, `/v2/${sample.name}/manifests/${reference}`);
          assert.equal(answer.status, 200);
          assert.equal(answer.headers["content-type"], descriptor.mediaType);
          assert.equal(answer.headers["content-length"], String(bytes.length));
          assert.equal(answer.headers["docker-content-digest"], descriptor.digest);
          assert.equal(answer.headers.etag, `"${descriptor.digest}"`);
          assert.ok(method === "HEAD" ? answer.body.length === 0 : answer.body.equals(bytes));
        }
      }
    }
  });
}

test("every byte is kept: order, unknown fields, whitespace, escapes, numbers and the final newline", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const { config, layers } = JSON.parse(smallImage("layer").bytes.toString());
  const written = `\n { "zzz" : 1.0e2,\t"layers": ${JSON.stringify(layers)} , "schemaVersion":2,
    "x\\u0041": "\\u00e9 é \\/", "big": 123456789012345678901234567890, "config": ${JSON.stringify(config)},
    "mediaType": "${mediaTypes.ociManifest}", "nested": {"a": [null, true, {}]} }\r\n\n`;
  const bytes = Buffer.from(written);
  assert.equal((await put(client, "v1", bytes, mediaTypes.ociManifest)).status, 201);
  for (const reference of ["v1", digestOf(bytes)]) {
    assert.ok((await client.get(`/v2/${name}/manifests/${reference}`)).body.equals(bytes));
  }
});

test("the response to a push has the location and the digest of the manifest", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const { bytes, descriptor } = smallImage("layer");
  for (const reference of ["v1", descriptor.digest]) {
    const pushed = await put(client, reference, bytes, descriptor.mediaType);
    assert.equal(pushed.status, 201);
    assert.equal(pushed.headers["docker-content-digest"], descriptor.digest);
    assert.equal(pushed.headers["content-length"], "0");
    assert.ok((await client.get(locationOf(pushed))).body.equals(bytes));
  }
});

test("a manifest is pulled by sha512 if it was pushed by that, and by a tag pushed with it", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const { bytes, descriptor } = smallImage("layer");
  const digest = digestOf(bytes, "sha512");
  const pushed = await put(client, `${digest}?tag=v1`, bytes, descriptor.mediaType);
  assert.equal(pushed.headers["docker-content-digest"], digest);
  for (const reference of [digest, "v1"]) {
    const pulled = await client.get(`/v2/${name}/manifests/${reference}`);
    assert.equal(pulled.headers["docker-content-digest"], digest, reference);
    assert.ok(pulled.body.equals(bytes));
  }
  assert.equal((await client.get(`/v2/${name}/manifests/${descriptor.digest}`)).status, 404);
});

test("a manifest under two digests is two, and deleting one keeps the other", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { bytes, descriptor } = await pushSmallImage(client, name, "layer");
  const sha512 = digestOf(bytes, "sha512");
  await put(client, sha512, bytes, descriptor.mediaType);
  assert.equal((await client.request("DELETE", `/v2/${name}/manifests/${descriptor.digest}`)).status, 202);
  assert.equal((await client.get(`/v2/${name}/manifests/${descriptor.digest}`)).status, 404);
  assert.ok((await client.get(`/v2/${name}/manifests/${sha512}`)).body.equals(bytes));
});

test("the digest in the path must be that of the bytes", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const { bytes, descriptor } = smallImage("layer");
  const altered = Buffer.concat([bytes, Buffer.from("  ")]);
  for (const digest of [descriptor.digest, digestOf(bytes, "sha512")]) {
    const answer = await put(client, digest, altered, descriptor.mediaType);
    assert.equal(answer.status, 400);
    assert.equal(errorCodeOf(answer), "DIGEST_INVALID");
    assert.equal((await client.get(`/v2/${name}/manifests/${digest}`)).status, 404);
  }
});

test("an invalid digest is never taken for a tag", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const { bytes, descriptor } = smallImage("layer");
  for (const reference of ["sha256:baddigeststring", "a:b", ":", "sha256:", `sha256:${"a".repeat(63)}`]) {
    for (const method of ["PUT", "GET", "HEAD", "DELETE"]) {
      const options = method === "PUT" ? { body: bytes, headers: { "content-type": descriptor.mediaType } } : {};
      const answer = await client.request(method, `/v2/${name}/manifests/${reference}`, options);
      assert.equal(answer.status, 400, `${method} ${reference}`);
    }
  }
});

for (const tag of [
  "a",
  "_",
  "0",
  "latest",
  "V1.2_x-y",
  "sha256",
  "__proto__",
  "constructor",
  "toString",
  "con",
  "aux",
  "a".repeat(128),
  `sha256-${"a".repeat(64)}`,
  "index.json",
  "current",
  "link",
]) {
  test(`${tag.slice(0, 20)} (${tag.length} characters) is a tag like any other`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushSmallImage(client, name, "other", { tag: "other" });
    assert.equal((await client.get(`/v2/${name}/manifests/${tag}`)).status, 404);
    const { descriptor } = await pushSmallImage(client, name, "layer", { tag });
    const pulled = await client.get(`/v2/${name}/manifests/${tag}`);
    assert.equal(pulled.headers["docker-content-digest"], descriptor.digest);
    const listed = await client.get(`/v2/${name}/tags/list`);
    assert.deepEqual(JSON.parse(listed.body.toString()).tags, [tag, "other"].sort());
    assert.equal((await client.request("DELETE", `/v2/${name}/manifests/${tag}`)).status, 202);
    assert.equal((await client.get(`/v2/${name}/manifests/${tag}`)).status, 404);
    assert.equal((await client.get(`/v2/${name}/manifests/other`)).status, 200);
  });
}

for (const tag of [
  "a".repeat(129),
  ".a",
  "-a",
  "..",
  "a%20b",
  "a%0Ab",
  "a%00",
  "%C3%A9",
  "a+b",
  "a%2Fb",
  "a@b",
  "*",
  "%F0%9F%90%B3",
]) {
  test(`${tag.slice(0, 20)} (${tag.length} characters) is no tag`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushBlobsOf(client, name, "layer");
    const { bytes, descriptor } = smallImage("layer");
    assert.equal((await put(client, tag, bytes, descriptor.mediaType)).status, 400);
    assert.equal((await client.get(`/v2/${name}/manifests/${tag}`)).status, 400);
  });
}

test("whatever Accept says, the manifest is sent as stored", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const child = await pushSmallImage(client, name, "layer");
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [child.descriptor] });
  await put(client, "v1", index.bytes, mediaTypes.ociIndex);
  for (const accept of [
    undefined,
    "*/*",
    "application/json",
    mediaTypes.ociIndex,
    mediaTypes.dockerManifest,
    `${mediaTypes.ociManifest};q=0.5, text/html`,
    [mediaTypes.ociIndex, mediaTypes.ociManifest],
    ",,;q=",
  ]) {
    const answer = await client.get(`/v2/${name}/manifests/v1`, accept === undefined ? {} : { accept });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], mediaTypes.ociIndex);
    assert.ok(answer.body.equals(index.bytes));
  }
});

test("a manifest that a client already has is not sent again, until its tag moves", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "first", { tag: "v1" });
  const headers = { "if-none-match": `"${descriptor.digest}"` };
  for (const method of ["GET", "HEAD"]) {
    const answer = await client.request(method, `/v2/${name}/manifests/v1`, { headers });
    assert.equal(answer.status, 304);
    assert.equal(answer.body.length, 0);
    assert.equal(answer.headers["docker-content-digest"], descriptor.digest);
  }
  await pushSmallImage(client, name, "second", { tag: "v1" });
  assert.equal((await client.get(`/v2/${name}/manifests/v1`, headers)).status, 200);
});

test("a tag moves with each push, and its previous target is kept under its digest", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const images = [];
  for (const text of ["first", "second", "third"]) {
    const image = await pushSmallImage(client, name, text, { tag: "latest" });
    images.push(image);
    assert.ok((await client.get(`/v2/${name}/manifests/latest`)).body.equals(image.bytes));
  }
  for (const { descriptor } of images) {
    assert.equal((await client.get(`/v2/${name}/manifests/${descriptor.digest}`)).status, 200);
  }
});

test("blobs may be pushed again together with their manifest", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (let round = 0; round < 3; round++) {
    const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "v1" });
    for (const target of [`manifests/v1`, `manifests/${descriptor.digest}`, `blobs/${digestOf(Buffer.from("{}"))}`]) {
      assert.equal((await client.request("DELETE", `/v2/${name}/${target}`)).status, 202, target);
      assert.equal((await client.head(`/v2/${name}/${target}`)).status, 404, target);
    }
  }
  await pushBlob(client, name, Buffer.from("{}"));
});
