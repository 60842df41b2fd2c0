import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { readManifest } from "../../../src/oci/manifest-reading.js";
import { mediaTypes } from "../../../src/oci/media-types.js";

const config = digestOf(Buffer.from("config"));
const layer = digestOf(Buffer.from("layer"));
const child = digestOf(Buffer.from("child"));
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { digest: config },
  layers: [{ digest: layer }],
};

function read(json: unknown) {
  return readManifest(Buffer.from(JSON.stringify(json)));
}

for (const [what, json] of [
  ["has descriptors without types and sizes", image],
  [
    "has a negative size, and one that is a string",
    { ...image, config: { digest: config, size: -1 }, layers: [{ digest: layer, size: "5" }] },
  ],
  ["has annotations of null and numbers", { ...image, annotations: { a: null, b: 1 } }],
  ["has null for its annotations and its subject", { ...image, annotations: null, subject: null }],
  ["has an empty subject", { ...image, subject: {} }],
  [
    "lists a layer twice, once without a digest",
    { ...image, layers: [{ digest: layer }, {}, null, "text", { digest: layer }] },
  ],
  ["has a schemaVersion that is a string", { ...image, schemaVersion: "2" }],
  ["has no schemaVersion", { ...image, schemaVersion: undefined }],
  [
    "has its digests in upper case",
    JSON.parse(JSON.stringify(image).replaceAll(/[0-9a-f]{64}/g, (hex) => hex.toUpperCase())),
  ],
  [
    "has other keys that Go programs read as the same",
    { ...image, config: undefined, layers: [], Config: { Digest: config }, layerſ: [{ digest: layer }] },
  ],
  ["lists children although it is an image", { ...image, manifests: null }],
] as const) {
  test(`an image that ${what} is read as far as it can be followed`, () => {
    const reading = read(json);
    assert.equal(reading?.mediaType, mediaTypes.ociManifest);
    assert.equal(reading?.kind, "image");
    assert.deepEqual(new Set(reading?.names), new Set([config, layer]));
    assert.equal(reading?.subject, undefined);
  });
}

test("an image without layers, or with null for them, needs its config", () => {
  for (const layers of [undefined, null]) assert.deepEqual(read({ ...image, layers })?.names, [config]);
});

test("an index with null for its manifests has none", () => {
  const reading = read({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: null });
  assert.deepEqual([reading?.kind, reading?.names], ["index", []]);
});

test("children with unknown digest algorithms are skipped, and the others are not", () => {
  const manifests = [
    { digest: `blake3:${"a".repeat(64)}` },
    { digest: child, size: 5 },
    { digest: "../../etc/passwd" },
  ];
  const reading = read({ schemaVersion: 2, manifests });
  assert.equal(reading?.mediaType, mediaTypes.ociIndex);
  assert.deepEqual(reading?.manifests, [{ digest: child, mediaType: undefined, size: 5 }]);
});

test("a subject with only a digest is the subject", () => {
  assert.equal(read({ ...image, subject: { digest: child } })?.subject, child);
});

test("a size of zero is believed only for empty content", () => {
  const nothing = digestOf(Buffer.alloc(0));
  const reading = read({
    ...image,
    layers: [
      { digest: layer, size: 0 },
      { digest: nothing, size: 0 },
    ],
  });
  assert.deepEqual(
    reading?.blobs.map(({ size }) => size),
    [undefined, undefined, 0],
  );
});

test("schema 1 names its layers, signed or not", () => {
  const old = { schemaVersion: 1, name: "app", fsLayers: [{ blobSum: layer }], history: [] };
  assert.equal(read(old)?.mediaType, mediaTypes.dockerSchema1);
  const signed = read({ ...old, signatures: [{}] });
  assert.equal(signed?.mediaType, mediaTypes.dockerSchema1Signed);
  assert.deepEqual(signed?.names, [layer]);
});

test("in an unknown type, every digest anywhere counts", () => {
  const reading = read({ mediaType: "application/vnd.example+json", deep: [[{ blob: layer }], { [config]: child }] });
  assert.deepEqual([reading?.mediaType, reading?.kind], ["application/vnd.example+json", undefined]);
  assert.deepEqual(new Set(reading?.names), new Set([layer, child]));
});

test("an invalid media type is ignored", () => {
  assert.equal(read({ mediaType: "text/html\r\nSet-Cookie: a=b" })?.mediaType, undefined);
  assert.equal(read({ hello: "world" })?.mediaType, undefined);
});

test("a byte order mark is skipped, and anything but a JSON object is not a manifest", () => {
  assert.deepEqual(readManifest(Buffer.from(`\ufeff${JSON.stringify(image)}`))?.names, [config, layer]);
  for (const text of ["", "[]", "null", "5", '"text"', "<html>", "{"])
    assert.equal(readManifest(Buffer.from(text)), undefined);
});

test("a very deeply nested document is read without a stack overflow", () => {
  const depth = 200_000;
  const reading = readManifest(Buffer.from(`{"deep":${"[".repeat(depth)}"${layer}"${"]".repeat(depth)}}`));
  assert.deepEqual(reading?.names, [layer]);
});
