import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { carriesOwnContent } from "../../../src/oci/embedded-data.js";
import { seededBytes } from "../../support/content.js";

function descriptorOf(content: Buffer, data?: string): Descriptor {
  const carried = data === undefined ? {} : { data };
  return { mediaType: "text/plain", digest: digestOf(content), size: content.length, ...carried };
}

test("a descriptor without embedded data is accepted", () => {
  assert.equal(carriesOwnContent(descriptorOf(Buffer.from("content"))), true);
});

test("embedded data must be the content, of any length and with either algorithm", () => {
  for (const length of [0, 1, 2, 3, 4, 100_000]) {
    const content = seededBytes("carried", length);
    const descriptor = descriptorOf(content, content.toString("base64"));
    assert.equal(carriesOwnContent(descriptor), true, `${length} bytes`);
    assert.equal(carriesOwnContent({ ...descriptor, digest: digestOf(content, "sha512") }), true);
  }
});

const content = Buffer.from("??>>hello");
const base64 = content.toString("base64");

for (const [what, data] of [
  ["other content of the same length", Buffer.from("??>>jello").toString("base64")],
  ["a part of the content", content.subarray(0, 6).toString("base64")],
  ["more than the content", `${base64}AAAA`],
  ["the alphabet of URLs", content.toString("base64url")],
  ["no base64", "!".repeat(base64.length)],
  ["spaces between", `${base64.slice(0, 6)}\n${base64.slice(6)}`],
  ["text after the padding", "=".repeat(base64.length)],
] as const) {
  test(`${what} is refused`, () => {
    assert.notEqual(data, base64);
    assert.equal(carriesOwnContent(descriptorOf(content, data)), false);
  });
}

test("missing padding, or padding that hides bits, is refused", () => {
  const byte = Buffer.from("a");
  assert.equal(carriesOwnContent(descriptorOf(byte, "YQ==")), true);
  for (const data of ["YQ", "YQ=", "YR==", "YQ==="])
    assert.equal(carriesOwnContent(descriptorOf(byte, data)), false, data);
});

test("a wrong size costs nothing", () => {
  assert.equal(carriesOwnContent({ ...descriptorOf(content, base64), size: Number.MAX_SAFE_INTEGER }), false);
});
