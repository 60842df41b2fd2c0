import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type ManifestBounds, pushedBounds, scanManifest } from "../../../src/oci/manifest-scan.js";

const descriptor = '{"mediaType":"a/b","digest":"sha256:0","size":1}';

function scan(json: string, bounds?: ManifestBounds) {
  return scanManifest(Buffer.from(json), bounds);
}

for (const json of [
  '{"a":1,"a":1}',
  '{"a":{"b":[{"c":1,"d":2,"c":3}]}}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":1,"__proto__":2}',
  '[{"":0,"":0}]',
  '{"annotations":{"\\ud800":"1","\\ud801":"2"}}',
  '{"A":1,"a":2,"a":3}',
]) {
  test(`${json} has a key twice`, () => assert.notEqual(scan(json).repeated, undefined));
}

for (const json of [
  "null",
  "[]",
  '":"',
  '{"a":":","b":"\\":\\\\","c":{"a":[null,":",{"a":1}]}}',
  '{"__proto__":1,"constructor":{"__proto__":2}}',
  '{"1":1,"01":1}',
  '{ "é" : "\\ud800" }',
  `{"layers":[${descriptor},${descriptor}],"config":${descriptor},"subject":${descriptor}}`,
  '{"annotations":{"key":"1","Key":"2","KEY":"3"}}',
  '{"layers":[{"annotations":{"Digest":"1","digest":"2"}}]}',
  '{"ı":1,"i":2,"İ":3,"ß":4,"ss":5}',
]) {
  test(`${json} says the same to every reader`, () => {
    const { repeated, ambiguous } = scan(json);
    assert.deepEqual([repeated, ambiguous], [undefined, undefined]);
  });
}

for (const json of [
  '{"layers":[],"Layers":[]}',
  '{"layer\u017f":[],"layers":[]}',
  '{"layers":[],"layer\\u017f":[]}',
  '{"mediaType":"a","MEDIATYPE":"b"}',
  '{"Subject":{}}',
  '{"layers":[{"digest":"a","Digest":"b"}]}',
  '{"manifests":[{"platform":{"os":"linux","OS":"windows"}}]}',
  '{"Annotations":{"a":"b"}}',
  '{"blobs":[{"dige\u017ft":"a"}]}',
  '{"x":{"\u212aey":1,"key":2}}',
  '{"a":1,"A":2}',
]) {
  test(`${json} has a key that Go reads as another one`, () => assert.notEqual(scan(json).ambiguous, undefined));
}

test("nesting deeper than the call stack is scanned, and refused if a limit is given", () => {
  const json = `${'{"a":['.repeat(200_000)}${"]}".repeat(200_000)}`;
  assert.equal(scan(json).repeated, undefined);
  assert.equal(scan(json.replace('"a"', '"a":1,"a"')).repeated, "a");
  assert.match(scan(json, pushedBounds).excess ?? "", /deeper than 10000/);
});

test("values or keys beyond a limit are reported, and strings and spaces do not count as values", () => {
  const bounds = { depth: 5, values: 10, keys: 3 };
  assert.match(scan(`[${"0,".repeat(20)}0]`, bounds).excess ?? "", /more than 10 values/);
  assert.match(scan(`[${"{},".repeat(20)}0]`, bounds).excess ?? "", /more than 10 values/);
  assert.match(scan('[{"a":1},{"b":1},{"c":1},{"d":1}]', bounds).excess ?? "", /more than 3 different keys/);
  for (const json of [
    `["${"[,{".repeat(100)}"]`,
    `["${'\\"'.repeat(100)}[,{[,{"]`,
    `{${" ".repeat(100)}}`,
    "9".repeat(1000),
  ])
    assert.equal(scan(json, bounds).excess, undefined);
});

test("a manifest of the usual size that is full of descriptors is within the limits", () => {
  const full = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
  };
  const layers = Array.from({ length: 25_000 }, () => full);
  assert.equal(scan(JSON.stringify({ schemaVersion: 2, layers }), pushedBounds).excess, undefined);
});

test("invalid JSON is scanned as well, wherever it is truncated", () => {
  const json = '{"a":[{"b\\"":"c","d":[1,2]}],"e":"f"}';
  for (let length = 0; length <= json.length; length++) scan(json.slice(0, length), pushedBounds);
  for (const broken of ["]]]]", '"\\', '{"\\u12":1}', "}{", '{"a"}', ',,,,"', '{"\\x":1}']) scan(broken, pushedBounds);
});
