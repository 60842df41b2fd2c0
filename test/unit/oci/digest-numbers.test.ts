import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { DigestNumbers, NumberSet } from "../../../src/oci/digest-numbers.js";
import { ManifestReferences } from "../../../src/oci/manifest-references.js";

test("each digest has one number, of either algorithm, however many there are", () => {
  const numbers = new DigestNumbers();
  const digests = Array.from({ length: 5_000 }, (_, index) =>
    digestOf(Buffer.from(`content ${index}`), index % 7 === 0 ? "sha512" : "sha256"),
  );
  const given = digests.map((digest) => numbers.of(digest));
  assert.deepEqual(given, [...digests.keys()]);
  assert.deepEqual(
    digests.map((digest) => numbers.of(digest)),
    given,
  );
  assert.deepEqual(
    given.map((number) => numbers.digest(number)),
    digests,
  );
  assert.equal(numbers.size, digests.length);
  assert.equal(numbers.find(digestOf(Buffer.from("other"))), undefined);
  assert.equal(numbers.find(digestOf(Buffer.from("other"), "sha512")), undefined);
  assert.throws(() => numbers.digest(digests.length), RangeError);
});

test("numbers are the same after they were stored", () => {
  const numbers = new DigestNumbers();
  const digests = Array.from({ length: 2_000 }, (_, index) =>
    digestOf(Buffer.from(`stored ${index}`), index % 5 === 0 ? "sha512" : "sha256"),
  );
  for (const digest of digests) numbers.of(digest);
  const again = DigestNumbers.from(Buffer.from(numbers.toBytes()), numbers.others);
  assert.deepEqual(
    digests.map((digest) => again.find(digest)),
    [...digests.keys()],
  );
  assert.deepEqual(
    [...digests.keys()].map((number) => again.digest(number)),
    digests,
  );
  assert.equal(again.of(digestOf(Buffer.from("new"))), digests.length);
});

test("references of manifests are the same after they were stored, and more can be added to none", () => {
  const digests = new DigestNumbers();
  const [image, index, layer, other] = ["image", "index", "layer", "other"].map((text) => digestOf(Buffer.from(text)));
  assert.ok(image && index && layer && other);
  const stored = ManifestReferences.from(digests, new ManifestReferences(digests).toNumbers().slice());
  stored.add(image, { content: [layer, digestOf(Buffer.from("x"), "sha512")], subjects: [] });
  stored.add(index, { content: [image], subjects: [other] });
  const again = ManifestReferences.from(digests, stored.toNumbers().slice());
  again.add(other, { content: [], subjects: [] });
  assert.deepEqual(again.get(image), { content: [layer, digestOf(Buffer.from("x"), "sha512")], subjects: [] });
  assert.deepEqual(again.get(index), { content: [image], subjects: [other] });
  assert.deepEqual(again.get(other), { content: [], subjects: [] });
  assert.equal(again.get(layer), undefined);
});

test("a set of numbers has those that were added, and counts each once", () => {
  const set = new NumberSet();
  for (const number of [0, 7, 8, 100_000, 7]) set.add(number);
  assert.equal(set.size, 4);
  assert.deepEqual(
    [0, 1, 7, 8, 9, 99_999, 100_000, 5_000_000].map((number) => set.has(number)),
    [true, false, true, true, false, false, true, false],
  );
});
