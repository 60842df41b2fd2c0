import { strict as assert } from "node:assert";
import { test } from "node:test";
import { RegistryError } from "../../../src/oci/errors.js";
import { isRepositoryName, parseRepositoryName } from "../../../src/oci/repository-name.js";

/**
 * The specification's expression (distribution-spec, "Pulling manifests"); only for short texts, since it backtracks.
 */
const component = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
const specified = new RegExp(`^${component}(/${component})*$`);

test("of all texts up to six characters, exactly those that the specification allows are names", () => {
  let texts = [""];
  for (let length = 1; length <= 6; length++) {
    texts = texts.flatMap((text) => ["a", ".", "_", "-", "/"].map((character) => text + character));
    for (const text of texts) assert.equal(isRepositoryName(text), specified.test(text), text);
  }
});

for (const name of [
  "a",
  "0",
  "library/alpine",
  "ghcr.io/owner/image",
  "a__b",
  "a-----b",
  "v2",
  "blobs/uploads",
  "manifests/latest",
  "constructor",
  "a".repeat(255),
  `${"a/".repeat(127)}a`,
]) {
  test(`${shown(name)} is a name`, () => assert.equal(parseRepositoryName(name), name));
}

for (const [name, said] of [
  ["", /made of components/],
  ["/", /made of components/],
  ["/a", /made of components/],
  ["a/", /made of components/],
  ["a//b", /made of components/],
  [".", /made of components/],
  ["..", /made of components/],
  ["a/../b", /made of components/],
  ["_manifests", /made of components/],
  ["a/_layers", /made of components/],
  ["a___b", /made of components/],
  ["a..b", /made of components/],
  ["a_-b", /made of components/],
  ["a-.-b", /made of components/],
  ["a:b", /made of components/],
  ["a@b", /made of components/],
  ["127.0.0.1:5000/team/app", /without the registry's address/],
  ["https://docker.io/alpine", /without https/],
  ["a\\b", /made of components/],
  ["a%2fb", /made of components/],
  ["a b", /made of components/],
  ["a\0", /made of components/],
  ["a\n", /made of components/],
  ["é", /made of components/],
  ["\u0430lpine", /made of components/],
  ["😀", /made of components/],
  ["\ud800", /made of components/],
  ["Alpine", /lower case/],
  ["a".repeat(256), /at most 255/],
] as const) {
  test(`${shown(name)} is no name, and the error says why`, () => {
    assert.throws(
      () => parseRepositoryName(name),
      (error) => error instanceof RegistryError && error.code === "NAME_INVALID" && said.test(error.message),
    );
  });
}

test("names of 100,000 characters are refused with a short error, however a regular expression would backtrack", () => {
  for (const pattern of ["a", "a-", "a.", "a/", "/", "-", "__", "aA", "\u0000"]) {
    const name = `${pattern.repeat(100_000 / pattern.length)}!`;
    assert.throws(
      () => parseRepositoryName(name),
      (error) => error instanceof RegistryError && JSON.stringify(error.detail).length < 2000,
    );
  }
});

function shown(name: string): string {
  return name.length > 30 ? `a text of ${name.length} characters, ${name.slice(0, 3)}...,` : JSON.stringify(name);
}
