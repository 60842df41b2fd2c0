import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, smallImage } from "../support/small-image.js";

const name = "team/app";
const image = JSON.parse(smallImage("layer").bytes.toString());
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
const anyType = "application/vnd.example.thing.v1+json";

async function put(client: RegistryClient, body: string | Buffer, contentType?: string): Promise<Answer> {
  await pushBlobsOf(client, name, "layer");
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  return client.request("PUT", `/v2/${name}/manifests/v1`, { body, headers });
}

function expectInvalid(answer: Answer, what = ""): void {
  assert.equal(answer.status, 400, what);
  assert.equal(errorCodeOf(answer), "MANIFEST_INVALID", what);
}

for (const contentType of [
  undefined,
  mediaTypes.ociManifest,
  `${mediaTypes.ociManifest}; charset=utf-8`,
  ` ${mediaTypes.ociManifest.toUpperCase()} ;x=1`,
  "application/json",
]) {
  test(`an image is accepted with Content-Type ${contentType}, and sent with its own type`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    assert.equal((await put(client, JSON.stringify(image), contentType)).status, 201);
    const pulled = await client.get(`/v2/${name}/manifests/v1`);
    assert.equal(pulled.headers["content-type"], mediaTypes.ociManifest);
    assert.equal(pulled.headers["x-content-type-options"], "nosniff");
  });
}

for (const contentType of [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerSchema1,
  "text/html",
  "text/html; charset=utf-8",
  "application/octet-stream",
  "rubbish",
]) {
  test(`an image is refused with Content-Type ${contentType}`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    expectInvalid(await put(client, JSON.stringify(image), contentType));
    assert.equal((await client.get(`/v2/${name}/manifests/v1`)).status, 404);
  });
}

test("without mediaType the fields determine the type, as in old OCI images", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const [document, type] of [
    [{ ...image, mediaType: undefined }, mediaTypes.ociManifest],
    [{ ...index, mediaType: undefined }, mediaTypes.ociIndex],
  ] as const) {
    assert.equal((await put(client, JSON.stringify(document), type)).status, 201);
    assert.equal((await client.get(`/v2/${name}/manifests/v1`)).headers["content-type"], type);
  }
  const untyped = JSON.stringify({ ...image, mediaType: undefined });
  expectInvalid(await put(client, untyped, mediaTypes.dockerManifest));
  expectInvalid(await put(client, untyped, mediaTypes.ociIndex));
});

for (const [what, document] of [
  ["an image with manifests", { ...image, manifests: [] }],
  ["an index with layers", { ...index, layers: [] }],
  ["an index with a config", { ...index, config: image.config }],
  ["an image and index without a type", { ...image, mediaType: undefined, manifests: [] }],
  ["an image without a config", { ...image, config: undefined }],
  ["an image whose config is null", { ...image, config: null }],
  ["an image whose layers are not a list", { ...image, layers: {} }],
  ["an image without layers", { ...image, layers: undefined }],
  ["an image without schemaVersion", { ...image, schemaVersion: undefined }],
  ["an image whose schemaVersion is a string", { ...image, schemaVersion: "2" }],
  ["schema 1", { schemaVersion: 1, name, tag: "v1", fsLayers: [], history: [] }],
  ["schema 1 that calls itself schema 2", { ...image, schemaVersion: 1 }],
  ["an index without manifests", { ...index, manifests: undefined }],
  ["a type that is not a string", { ...image, mediaType: ["a"] }],
  ["nothing that determines a type", {}],
] as const) {
  test(`${what} is refused`, async (t) => {
    const { client } = await runBerth(new Scope(t), { private: { anyMediaType: true, sparse: true } });
    expectInvalid(await put(client, JSON.stringify(document)));
    expectInvalid(await put(client, JSON.stringify(document), "application/json"));
  });
}

for (const [what, bytes] of [
  ["an empty body", ""],
  ["no JSON", "hello"],
  ["HTML", "<html><script>alert(1)</script></html>"],
  ["a list", "[]"],
  ["null", "null"],
  ["a number", "2"],
  ["something after the end", `${JSON.stringify(image)}x`],
  ["a second document", `${JSON.stringify(image)}{}`],
  ["a truncated document", JSON.stringify(image).slice(0, -1)],
  ["a byte order mark", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(image))])],
  ["invalid UTF-8", Buffer.from(JSON.stringify({ ...image, x: "\xff" }), "latin1")],
  ["UTF-16", Buffer.from(JSON.stringify(image), "utf16le")],
  ["a NUL", `${JSON.stringify(image)}\0`],
  ["a single quote", JSON.stringify(image).replaceAll('"', "'")],
  ["endless nesting", `{"a":${"[".repeat(100_000)}`],
] as const) {
  test(`${what} is refused`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    expectInvalid(await put(client, bytes, mediaTypes.ociManifest));
    assert.equal((await client.get("/healthz")).status, 200);
  });
}

test("deep nesting and lone surrogates in unknown fields are kept as they are", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const extra of [`${"[".repeat(3000)}${"]".repeat(3000)}`, '"\\ud800"', "1e999", "-0", '{"__proto__":{"x":1}}']) {
    const bytes = Buffer.from(JSON.stringify(image).replace("{", `{"extra":${extra},`));
    assert.equal((await put(client, bytes, mediaTypes.ociManifest)).status, 201, extra.slice(0, 20));
    assert.ok((await client.get(`/v2/${name}/manifests/v1`)).body.equals(bytes));
  }
});

test("nesting as deep as the size limit allows does no harm", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
  const answer = await put(client, JSON.stringify(image).replace("{", `{"extra":${deep},`), mediaTypes.ociManifest);
  assert.ok([201, 400].includes(answer.status), `${answer.status}`);
  assert.equal((await client.get("/v2/")).status, 200);
});

test("a repeated key cannot make two readers see different types or subjects", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const text = JSON.stringify(image);
  const subject = (seed: string) =>
    JSON.stringify({ mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from(seed)), size: 1 });
  for (const twice of [
    text.replace("{", `{"mediaType":"${mediaTypes.ociIndex}",`),
    text.replace("{", `{"layers":[],`),
    text.replace("{", `{"config":null,`),
    text.replace("{", `{"schemaVersion":1,`),
    text.replace("{", `{"subject":${subject("first")},"subject":${subject("second")},`),
    text.replace("{", `{"\\u006dediaType":"${mediaTypes.ociIndex}",`),
  ]) {
    expectInvalid(await put(client, twice, mediaTypes.ociManifest), twice.slice(0, 80));
  }
});

test("manifests of other types are refused, unless the operator allows them", async (t) => {
  const scope = new Scope(t);
  const document = JSON.stringify({ mediaType: anyType, data: 1 });
  const strict = await runBerth(scope);
  expectInvalid(await put(strict.client, document, anyType));
  const open = await runBerthOnDisk(scope, { private: { anyMediaType: true } });
  assert.equal((await put(open.client, document, anyType)).status, 201);
  const pulled = await open.client.get(`/v2/${name}/manifests/v1`);
  assert.equal(pulled.headers["content-type"], anyType);
  assert.equal(pulled.body.toString(), document);
});

for (const mediaType of [
  "text/html\r\nX-Evil: 1",
  "a\nb",
  "application/é",
  "Ċ",
  "a\0b",
  "",
  "no slash",
  "x".repeat(100_000),
]) {
  test(`a manifest with the type ${JSON.stringify(mediaType.slice(0, 30))} is refused, since no response could declare it`, async (t) => {
    const { client } = await runBerth(new Scope(t), { private: { anyMediaType: true } });
    expectInvalid(await put(client, JSON.stringify({ mediaType, data: 1 })));
    assert.equal((await client.get(`/v2/${name}/manifests/v1`)).status, 404);
  });
}

test("an encoded manifest is neither decoded nor stored", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  const answer = await client.request("PUT", `/v2/${name}/manifests/v1`, {
    body: JSON.stringify(image),
    headers: { "content-type": mediaTypes.ociManifest, "content-encoding": "gzip" },
  });
  assert.equal(answer.status, 415);
});

test("a key that Go clients read as another one is refused, and annotations may differ by case", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const text = JSON.stringify(image);
  for (const doubled of [
    text.replace("{", '{"Layers":[],'),
    text.replace("{", '{"layer\u017f":[],'),
    text.replace("{", '{"Subject":null,'),
    text.replace('"digest"', '"Digest":"sha256:0","digest"'),
  ]) {
    const answer = await put(client, doubled, mediaTypes.ociManifest);
    expectInvalid(answer, doubled.slice(0, 60));
    assert.match(answer.body.toString(), /Go programs/);
  }
  const annotated = text.replace("{", '{"annotations":{"key":"1","Key":"2"},');
  assert.equal((await put(client, annotated, mediaTypes.ociManifest)).status, 201);
});
