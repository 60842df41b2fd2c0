import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { RegistryError } from "../../../src/oci/errors.js";
import { isDigestReference, isTag, parseReference, parseTag } from "../../../src/oci/reference.js";

const digest = digestOf(Buffer.from("content"));

for (const tag of [
  "latest",
  "1",
  "_",
  "__proto__",
  "constructor",
  "V1.0-rc.1_x",
  "a..b",
  "a-",
  "A",
  digest.replace(":", "-"),
  "a".repeat(128),
]) {
  test(`${tag.slice(0, 20)} (${tag.length} characters) is a tag, and as a reference no digest`, () => {
    assert.equal(parseTag(tag), tag);
    const reference = parseReference(tag);
    assert.equal(reference, tag);
    assert.equal(isDigestReference(reference), false);
  });
}

for (const text of [
  "",
  ".",
  "..",
  ".a",
  "-a",
  "a/b",
  "a\\b",
  "a b",
  "a\n",
  "\na",
  "a\0",
  "a+b",
  "a@b",
  "é",
  "\uff41",
  "a".repeat(129),
  "a".repeat(100_000),
]) {
  test(`${JSON.stringify(text.slice(0, 20))} (${text.length} characters) is neither a tag nor a reference`, () => {
    assert.equal(isTag(text), false);
    for (const parse of [parseTag, parseReference]) {
      assert.throws(
        () => parse(text),
        (error) =>
          error instanceof RegistryError &&
          error.code === "MANIFEST_INVALID" &&
          JSON.stringify(error.detail).length < 300,
      );
    }
  });
}

test("a digest is a reference, and not a tag", () => {
  const reference = parseReference(digest);
  assert.equal(reference, digest);
  assert.ok(isDigestReference(reference));
  assert.equal(isTag(digest), false);
});

for (const text of [`${digest}0`, digest.toUpperCase(), "sha256:", ":latest", "latest:", "a:b"]) {
  test(`${text.slice(0, 20)} has a colon, so it is a digest that is wrong and never a tag`, () => {
    assert.throws(
      () => parseReference(text),
      (error) => error instanceof RegistryError && error.code === "DIGEST_INVALID",
    );
  });
}
