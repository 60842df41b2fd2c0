import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  algorithmOf,
  Digester,
  digestOf,
  hexOf,
  isDigest,
  isDigestAlgorithm,
  parseDigest,
} from "../../../src/oci/digest.js";
import { RegistryError } from "../../../src/oci/errors.js";

const hex = "0123456789abcdef".repeat(4);

/** The well-known digests of empty content. */
const ofNothing = {
  sha256: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  sha512: `sha512:${[
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce",
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ].join("")}`,
} as const;

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`a ${algorithm} digest is parsed into itself, and knows its algorithm and hex`, () => {
    const digest = parseDigest(ofNothing[algorithm]);
    assert.equal(digest, ofNothing[algorithm]);
    assert.equal(algorithmOf(digest), algorithm);
    assert.equal(`${algorithm}:${hexOf(digest)}`, digest);
  });

  test(`content in pieces has the ${algorithm} digest of the whole`, () => {
    assert.equal(new Digester(algorithm).digest(), ofNothing[algorithm]);
    const digester = new Digester(algorithm);
    for (const piece of ["one", "", " and ", "other"]) digester.update(Buffer.from(piece));
    assert.equal(digester.length, 13);
    assert.equal(digester.digest(), digestOf(Buffer.from("one and other"), algorithm));
  });
}

test("sha256 is the default algorithm", () => {
  assert.equal(digestOf(Buffer.alloc(0)), ofNothing.sha256);
  assert.equal(new Digester().algorithm, "sha256");
});

for (const [what, text] of [
  ["nothing", ""],
  ["a colon", ":"],
  ["hex without an algorithm", hex],
  ["an algorithm without hex", "sha256:"],
  ["a hex digit too few", `sha256:${hex.slice(1)}`],
  ["a hex digit too many", `sha256:${hex}0`],
  ["sha512 with the length of sha256", `sha512:${hex}`],
  ["sha256 with the length of sha512", `sha256:${hex}${hex}`],
  ["hex in upper case", `sha256:${hex.toUpperCase()}`],
  ["an algorithm in upper case", `SHA256:${hex}`],
  ["an unknown algorithm", `md5:${hex.slice(32)}`],
  ["an algorithm with a separator", `sha256+b64:${hex}`],
  ["a property name of JavaScript objects", `constructor:${hex}`],
  ["__proto__ as the algorithm", `__proto__:${hex}`],
  ["a letter that is not a hex digit", `sha256:${hex.slice(1)}g`],
  ["a path", `sha256:../../${hex.slice(6)}`],
  ["a NUL", `sha256:${hex.slice(1)}\0`],
  ["a newline in place of a digit", `sha256:${hex.slice(1)}\n`],
  ["a newline after it", `sha256:${hex}\n`],
  ["a space before it", ` sha256:${hex}`],
  ["another colon", `sha256::${hex.slice(1)}`],
  ["full-width digits", `sha256:${"\uff10".repeat(64)}`],
  ["100,000 hex digits", `sha256:${"a".repeat(100_000)}`],
] as const) {
  test(`${what} is no digest`, () => {
    assert.equal(isDigest(text), false);
    assert.throws(
      () => parseDigest(text),
      (error) => error instanceof RegistryError && error.code === "DIGEST_INVALID" && error.status === 400,
    );
  });
}

test("an error shows only the beginning of an invalid digest", () => {
  assert.throws(
    () => parseDigest("x".repeat(100_000)),
    (error) => error instanceof RegistryError && JSON.stringify(error.detail).length < 300,
  );
});

test("an algorithm is one of two, whatever JavaScript objects inherit", () => {
  assert.ok(isDigestAlgorithm("sha256") && isDigestAlgorithm("sha512"));
  for (const text of ["", "sha1", "SHA256", "toString", "__proto__", "hasOwnProperty"])
    assert.equal(isDigestAlgorithm(text), false);
});
