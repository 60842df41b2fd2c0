import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { DigestNumbers, NumberSet } from "../../../src/oci/digest-numbers.js";

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

test("a set of numbers has those that were added, and counts each once", () => {
  const set = new NumberSet();
  for (const number of [0, 7, 8, 100_000, 7]) set.add(number);
  assert.equal(set.size, 4);
  assert.deepEqual(
    [0, 1, 7, 8, 9, 99_999, 100_000, 5_000_000].map((number) => set.has(number)),
    [true, false, true, true, false, false, true, false],
  );
});
