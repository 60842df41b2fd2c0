import { strict as assert } from "node:assert";
import { test } from "node:test";
import { credentialsIn } from "../../../../src/upstream/auth/docker-config.js";

const hub = new URL("https://registry-1.docker.io");
const ghcr = new URL("https://ghcr.io");
const login = { username: "user", password: "pass:word" };
const auth = Buffer.from("user:pass:word").toString("base64");

for (const key of ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "https://registry-1.docker.io/v2/"]) {
  test(`Docker Hub's login is found under ${key}`, () => {
    assert.deepEqual(credentialsIn(JSON.stringify({ auths: { [key]: { auth } } }), hub), login);
  });
}

for (const key of ["ghcr.io", "https://ghcr.io", "https://ghcr.io/", "https://ghcr.io/v2/", "GHCR.io"]) {
  test(`another registry's login is found under ${key}`, () => {
    assert.deepEqual(credentialsIn(JSON.stringify({ auths: { [key]: { auth } } }), ghcr), login);
  });
}

test("another port is another registry", () => {
  const text = JSON.stringify({ auths: { "ghcr.io:5000": { auth } } });
  assert.equal(credentialsIn(text, ghcr), undefined);
  assert.deepEqual(credentialsIn(text, new URL("http://ghcr.io:5000")), login);
});

test("Docker Hub's login is only for Docker Hub", () => {
  const text = JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth } } });
  assert.equal(credentialsIn(text, ghcr), undefined);
});

test("an identity token, and user and password in plain text, are read too", () => {
  const identity = { auths: { "ghcr.io": { auth, identitytoken: "refresh" } } };
  assert.deepEqual(credentialsIn(JSON.stringify(identity), ghcr), { identityToken: "refresh" });
  assert.deepEqual(credentialsIn(JSON.stringify({ auths: { "ghcr.io": login } }), ghcr), login);
});

test("a file without a login gives none", () => {
  for (const text of ["{}", "null", '{"auths":{}}', '{"auths":{"ghcr.io":{}}}', '{"auths":{"ghcr.io":{"auth":5}}}']) {
    assert.equal(credentialsIn(text, ghcr), undefined);
  }
});

test("a login in a helper program is an error that says so", () => {
  for (const config of [
    { credHelpers: { "ghcr.io": "ecr-login" } },
    { auths: { "ghcr.io": {} }, credsStore: "desktop" },
  ]) {
    assert.throws(() => credentialsIn(JSON.stringify(config), ghcr), /helper program/);
  }
});

test("a file that is not JSON is an error that does not quote it", () => {
  assert.throws(
    () => credentialsIn('{"auths": secret', ghcr),
    (error) => error instanceof Error && /is not JSON/.test(error.message) && !/secret/.test(error.message),
  );
});
