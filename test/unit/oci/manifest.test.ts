import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { RegistryError } from "../../../src/oci/errors.js";
import { type ManifestContent, parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";

const digest = digestOf(Buffer.from("content"));
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 7 };
const config = { ...layer, mediaType: "application/vnd.oci.image.config.v1+json" };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const child = { ...layer, mediaType: mediaTypes.ociManifest };
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };

function parse(document: unknown, contentType?: string): ManifestContent {
  return parseManifest(Buffer.from(JSON.stringify(document)), contentType);
}

function assertInvalid(parsing: () => unknown, said: RegExp = /./): void {
  assert.throws(
    parsing,
    (error) => error instanceof RegistryError && error.code === "MANIFEST_INVALID" && said.test(error.message),
  );
}

for (const mediaType of [mediaTypes.ociManifest, mediaTypes.dockerManifest]) {
  test(`an image of type ${mediaType} names its config and layers`, () => {
    const parsed = parse({ ...image, mediaType }, mediaType);
    assert.equal(parsed.mediaType, mediaType);
    assert.equal(parsed.kind, "image");
    assert.equal(parsed.config?.digest, digest);
    assert.deepEqual(parsed.layers, [{ ...layer, annotations: {} }]);
    assert.deepEqual(parsed.manifests, []);
    assert.equal(parsed.subject, undefined);
  });
}

for (const mediaType of [mediaTypes.ociIndex, mediaTypes.dockerManifestList]) {
  test(`an index of type ${mediaType} names its manifests, and no blobs`, () => {
    const parsed = parse({ ...index, mediaType }, mediaType);
    assert.equal(parsed.kind, "index");
    assert.deepEqual(parsed.manifests, [{ ...child, annotations: {} }]);
    assert.equal(parsed.config, undefined);
    assert.deepEqual(parsed.layers, []);
  });
}

test("without mediaType the fields determine the type, and Content-Type must not contradict", () => {
  const { mediaType: _image, ...untypedImage } = image;
  const { mediaType: _index, ...untypedIndex } = index;
  assert.equal(parse(untypedImage).mediaType, mediaTypes.ociManifest);
  assert.equal(parse(untypedIndex).mediaType, mediaTypes.ociIndex);
  assert.equal(parse(untypedImage, "application/json").mediaType, mediaTypes.ociManifest);
  assertInvalid(() => parse(untypedImage, mediaTypes.dockerManifest), /Content-Type/);
  assertInvalid(() => parse({ ...image, mediaType: "" }, mediaTypes.ociIndex), /Content-Type/);
  assertInvalid(() => parse({ ...untypedImage, manifests: [] }), /must not have/);
  assertInvalid(() => parse({ schemaVersion: 2 }), /neither a mediaType nor/);
});

test("an artifact type is the manifest's own, or else that of an image's config", () => {
  const artifactType = "application/vnd.example.thing";
  assert.equal(parse(image).artifactType, config.mediaType);
  assert.equal(parse({ ...image, artifactType: "" }).artifactType, config.mediaType);
  assert.equal(parse({ ...image, artifactType }).artifactType, artifactType);
  assert.equal(parse({ ...index, artifactType }).artifactType, artifactType);
  assert.equal(parse(index).artifactType, undefined);
});

test("a subject is read, and null counts as none", () => {
  assert.equal(parse({ ...image, subject: child }).subject?.digest, digest);
  assert.equal(parse({ ...index, subject: child }).subject?.digest, digest);
  assert.equal(parse({ ...image, subject: null }).subject, undefined);
});

test("of an unknown type, only the type and the common fields are read", () => {
  const parsed = parse({ mediaType: "application/vnd.example+json", layers: "any", manifests: 7, subject: child });
  assert.equal(parsed.kind, undefined);
  assert.deepEqual([parsed.layers, parsed.manifests], [[], []]);
  assert.equal(parsed.subject?.digest, digest);
});

for (const [what, document] of [
  ["schemaVersion 1", { ...image, schemaVersion: 1 }],
  ["schemaVersion 1 and no type", { schemaVersion: 1, name: "a", tag: "b", fsLayers: [], history: [] }],
  ["its type", { ...image, mediaType: mediaTypes.dockerSchema1 }],
  ["its signed type", { mediaType: mediaTypes.dockerSchema1Signed }],
] as const) {
  test(`schema 1 is refused by name when told by ${what}`, () => {
    assertInvalid(() => parse(document), /schema 1 is not supported/);
    // What skopeo and old versions of Docker send with it.
    assertInvalid(() => parse(document, mediaTypes.dockerSchema1Signed), /schema 1 is not supported/);
  });
}

for (const wrong of [null, true, 7, "text", [], [layer], {}]) {
  test(`${JSON.stringify(wrong).slice(0, 20)} is no descriptor, wherever one belongs`, () => {
    assertInvalid(() => parse({ ...image, config: wrong }));
    assertInvalid(() => parse({ ...image, layers: [layer, wrong] }), /layers\[1\]/);
    assertInvalid(() => parse({ ...index, manifests: [wrong] }), /manifests\[0\]/);
    if (wrong !== null) assertInvalid(() => parse({ ...image, subject: wrong }), /subject/);
  });
}

for (const digest of [
  undefined,
  null,
  "",
  "latest",
  "sha256:short",
  "md5:00",
  ["sha256"],
  `sha256:${"../".repeat(21)}x`,
]) {
  test(`a layer with the digest ${JSON.stringify(digest)?.slice(0, 30)} is refused`, () => {
    assertInvalid(() => parse({ ...image, layers: [{ ...layer, digest }] }), /layers\[0\]\.digest/);
  });
}

for (const size of ["undefined", "null", '"7"', "-1", "0.5", "1e400", "9007199254740992", "[7]", "true"]) {
  test(`a layer of size ${size} is refused`, () => {
    const json = JSON.stringify({ ...image, layers: [{ ...layer, size: "SIZE" }] });
    const written = size === "undefined" ? json.replace(',"size":"SIZE"', "") : json.replace('"SIZE"', size);
    assertInvalid(() => parseManifest(Buffer.from(written)), /layers\[0\]\.size/);
  });
}

test("a size is any whole number from zero to the largest safe integer", () => {
  for (const size of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
    assert.equal(parse({ ...image, layers: [{ ...layer, size }] }).layers[0]?.size, size);
});

for (const mediaType of [undefined, null, "", 7, {}]) {
  test(`a layer of type ${JSON.stringify(mediaType)} is refused`, () => {
    assertInvalid(() => parse({ ...image, layers: [{ ...layer, mediaType }] }), /layers\[0\]\.mediaType/);
  });
}

test("only strings are kept of urls, and an invalid list counts as none", () => {
  const urlsOf = (urls: unknown) => parse({ ...image, layers: [{ ...layer, urls }] }).layers[0]?.urls;
  assert.deepEqual(urlsOf(["https://example.com/", 7, null]), ["https://example.com/"]);
  assert.equal(urlsOf("https://example.com/"), undefined);
});

test("embedded data is kept, and must be a string", () => {
  const dataOf = (data: unknown) => parse({ ...image, layers: [{ ...layer, data }] }).layers[0]?.data;
  assert.equal(dataOf("Y29udGVudA=="), "Y29udGVudA==");
  assert.equal(dataOf(null), undefined);
  assertInvalid(() => dataOf(7), /data/);
});

test("lists that Go programs write as null are empty", () => {
  assert.deepEqual(parse({ ...image, layers: null }).layers, []);
  assert.deepEqual(parse({ ...index, manifests: null }).manifests, []);
  assertInvalid(() => parse({ ...image, layers: undefined }), /layers must be a list/);
});

for (const annotations of ["text", 7, [], ["a"], { a: 7 }, { a: null }, { a: {} }]) {
  test(`annotations like ${JSON.stringify(annotations)} are refused, of the manifest and of a descriptor`, () => {
    assertInvalid(() => parse({ ...image, annotations }), /annotations/);
    assertInvalid(() => parse({ ...image, layers: [{ ...layer, annotations }] }), /annotations/);
  });
}

test("property names of JavaScript objects are keys like any other, and change no object", () => {
  const json = JSON.stringify({ ...image, annotations: "HERE" });
  const hostile = '{"__proto__":"a","constructor":"b","toString":"c"}';
  const { annotations } = parseManifest(Buffer.from(json.replace('"HERE"', hostile)));
  assert.equal(JSON.stringify(annotations), hostile);
  assert.equal(annotations.hasOwnProperty, undefined);
  assert.equal(Reflect.get({}, "a"), undefined);
  // Inherited properties are not fields.
  const inherited = `{"__proto__":${JSON.stringify(image)}}`;
  assertInvalid(() => parseManifest(Buffer.from(inherited)), /neither a mediaType nor/);
});

for (const [what, bytes] of [
  ["nothing", Buffer.alloc(0)],
  ["a byte order mark", Buffer.from(`\ufeff${JSON.stringify(image)}`)],
  ["invalid UTF-8", Buffer.from(`{"mediaType":"\xff"}`, "latin1")],
  ["UTF-16", Buffer.from(JSON.stringify(image), "utf16le")],
  ["something after the end", Buffer.from(`${JSON.stringify(image)};`)],
  ["a second document", Buffer.from(JSON.stringify(image).repeat(2))],
  ["endless nesting", Buffer.from('{"a":'.repeat(200_000))],
  ["a list", Buffer.from(`[${JSON.stringify(image)}]`)],
  ["null", Buffer.from("null")],
  ["a text", Buffer.from('"text"')],
] as const) {
  test(`${what} is no manifest`, () => assertInvalid(() => parseManifest(bytes)));
}

test("surrounding whitespace, and nesting deeper than the call stack, are accepted", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const json = JSON.stringify({ ...image, unknown: "DEEP" }).replace('"DEEP"', deep);
  assert.equal(parseManifest(Buffer.from(` \r\n\t${json}\n`)).kind, "image");
});

for (const mediaType of [
  "image",
  "a/b/c",
  "a/b c",
  "a/b\r\nX-Evil: 1",
  "a/b; charset=utf-8",
  "é/b",
  "/b",
  "a/",
  `a/${"b".repeat(128)}`,
]) {
  test(`${JSON.stringify(mediaType.slice(0, 30))} is no media type`, () => {
    assertInvalid(() => parse({ ...image, mediaType }), /not a media type/);
  });
}
