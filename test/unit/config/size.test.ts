import assert from "node:assert/strict";
import test from "node:test";
import { parseSize } from "../../../src/config/size.js";

test("KiB counts 1024 bytes and KB 1000, and larger units accordingly", () => {
  assert.equal(parseSize("64KiB"), 65_536);
  assert.equal(parseSize("64KB"), 64_000);
  assert.equal(parseSize("4MiB"), 4_194_304);
  assert.equal(parseSize("4MB"), 4_000_000);
  assert.equal(parseSize("50GiB"), 53_687_091_200);
  assert.equal(parseSize("2TB"), 2_000_000_000_000);
});

test("a number without a unit is bytes", () => {
  assert.equal(parseSize("512"), 512);
  assert.equal(parseSize("512B"), 512);
  assert.equal(parseSize("0"), 0);
});

test("a fraction of a unit, any case and a space before the unit are accepted", () => {
  assert.equal(parseSize("1.5GiB"), 1_610_612_736);
  assert.equal(parseSize("4mib"), 4_194_304);
  assert.equal(parseSize("4 MiB"), 4_194_304);
});

test("an ambiguous unit, or a fraction of a byte, is not a size", () => {
  for (const text of [
    "",
    "4M",
    "4G",
    "iB",
    "4iB",
    "-1",
    "1.5",
    "1.5B",
    "1e3",
    "4PiB",
    "4  MiB",
    "KiB",
    "99999999TiB",
  ]) {
    assert.equal(parseSize(text), undefined, text);
  }
});
