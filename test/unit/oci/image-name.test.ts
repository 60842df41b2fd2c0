import assert from "node:assert/strict";
import test from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseImageName, parseWrittenName } from "../../../src/oci/image-name.js";

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

test("what a person writes about a repository may have a tag, a digest, both or neither", () => {
  assert.deepEqual(parseWrittenName("team/app"), { name: "team/app", tag: undefined, digest: undefined });
  assert.deepEqual(parseWrittenName("team/app:1.0"), { name: "team/app", tag: "1.0", digest: undefined });
  assert.deepEqual(parseWrittenName(`alpine@${digest}`), { name: "alpine", tag: undefined, digest });
  assert.deepEqual(parseWrittenName(`team/app:1.0@${digest}`), { name: "team/app", tag: "1.0", digest });
  for (const text of ["", ":1.0", "team/app:", "team/app@sha256:1", "Team/app"]) {
    assert.throws(() => parseWrittenName(text), text);
  }
});
