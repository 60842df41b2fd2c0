import assert from "node:assert/strict";
import test from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseImageName } from "../../../src/oci/image-name.js";

const digest = digestOf(Buffer.from("manifest"));

test("an image name has a registry only if its first component looks like a host, as for docker", () => {
  const cases: readonly (readonly [string, string | undefined, string, string])[] = [
    ["alpine", undefined, "alpine", "latest"],
    ["alpine:3.20", undefined, "alpine", "3.20"],
    ["library/alpine", undefined, "library/alpine", "latest"],
    ["docker.io/library/alpine:3", "docker.io", "library/alpine", "3"],
    ["index.docker.io/library/alpine", "docker.io", "library/alpine", "latest"],
    ["ghcr.io/owner/image:1.0", "ghcr.io", "owner/image", "1.0"],
    ["localhost/app", "localhost", "app", "latest"],
    ["localhost:5000/app", "localhost:5000", "app", "latest"],
    ["berth:5000/team/app:1.0", "berth:5000", "team/app", "1.0"],
    [`alpine@${digest}`, undefined, "alpine", digest],
    [`ghcr.io/owner/image:1.0@${digest}`, "ghcr.io", "owner/image", digest],
  ];
  for (const [text, registry, path, reference] of cases) {
    assert.deepEqual(parseImageName(text), { registry, path, reference }, text);
  }
});

test("an invalid image name is refused with a reason", () => {
  for (const text of [
    "",
    ":1.0",
    "Alpine",
    "alpine:",
    "alpine:a:b",
    "alpine@sha256:abc",
    "alpine:-1@sha256:abc",
    "a//b",
    "ghcr.io/",
  ]) {
    assert.throws(() => parseImageName(text), { name: "RegistryError" }, text);
  }
  assert.throws(() => parseImageName("https://ghcr.io/owner/image"), /without https:/);
});
