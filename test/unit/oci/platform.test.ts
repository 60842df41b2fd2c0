import assert from "node:assert/strict";
import test from "node:test";
import { isOfPlatform, linuxOn, type Platform, parsePlatform, showPlatform } from "../../../src/oci/platform.js";

function platform(text: string): Platform {
  return parsePlatform(text) ?? assert.fail(`${text} is no platform`);
}

test("a platform is parsed as it is shown", () => {
  for (const text of ["linux/amd64", "linux/arm/v7", "windows/amd64"]) assert.equal(showPlatform(platform(text)), text);
  for (const text of ["", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x", "linux amd64"]) {
    assert.equal(parsePlatform(text), undefined, text);
  }
});

test("without a variant every variant matches; with one, no other does", () => {
  const fits = (image: string, wanted: string) => isOfPlatform(platform(image), platform(wanted));
  assert.ok(fits("linux/arm/v7", "linux/arm"));
  assert.ok(fits("linux/arm/v7", "linux/arm/v7"));
  assert.ok(!fits("linux/arm/v6", "linux/arm/v7"));
  assert.ok(!fits("linux/arm64", "linux/amd64"));
  assert.ok(!fits("windows/amd64", "linux/amd64"));
});

test("arm64 is v8, whether written or not", () => {
  assert.ok(isOfPlatform(platform("linux/arm64"), platform("linux/arm64/v8")));
  assert.ok(isOfPlatform(platform("linux/arm64/v8"), platform("linux/arm64")));
});

test("a machine's architecture has the name that images use", () => {
  assert.deepEqual(
    ["x64", "arm64", "ia32", "s390x"].map((arch) => showPlatform(linuxOn(arch))),
    ["linux/amd64", "linux/arm64", "linux/386", "linux/s390x"],
  );
});
