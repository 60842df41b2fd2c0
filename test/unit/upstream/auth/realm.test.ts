import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isSameSite, isTrustedRealm, parseRealm, refuseUntrusted } from "../../../../src/upstream/auth/realm.js";
import { InvalidAnswerError } from "../../../../src/upstream/wire/wire-errors.js";

for (const [one, other] of [
  ["auth.docker.io", "registry-1.docker.io"],
  ["gitlab.com", "registry.gitlab.com"],
  ["a.example.co.uk", "b.example.co.uk"],
  ["me.azurecr.io", "me.azurecr.io"],
  ["localhost", "localhost"],
  ["127.0.0.1", "127.0.0.1"],
  ["[::1]", "[::1]"],
] as const) {
  test(`${one} and ${other} are one site`, () => {
    assert.ok(isSameSite(one, other));
  });
}

for (const [one, other] of [
  ["auth.evil.io", "registry-1.docker.io"],
  ["docker.io.evil.io", "docker.io"],
  ["evildocker.io", "docker.io"],
  ["a.co.uk", "b.co.uk"],
  ["me.github.io", "you.github.io"],
  ["me.azurecr.io", "you.azurecr.io"],
  ["me.azurecr.cn", "you.azurecr.cn"],
  ["azurecr.io", "you.azurecr.io"],
  ["me.jfrog.io", "you.jfrog.io"],
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "210987654321.dkr.ecr.eu-west-1.amazonaws.com"],
  ["123456789012.dkr-ecr.eu-west-1.on.aws", "210987654321.dkr-ecr.eu-west-1.on.aws"],
  ["me.s3.amazonaws.com", "you.s3.amazonaws.com"],
  ["127.0.0.1", "127.0.0.2"],
  ["10.0.0.1", "11.0.0.1"],
  ["localhost", "127.0.0.1"],
  ["auth", "registry"],
  ["io", "docker.io"],
  ["[::1]", "[::2]"],
] as const) {
  test(`${one} and ${other} are two sites`, () => {
    assert.ok(!isSameSite(one, other));
  });
}

const hub = new URL("https://registry-1.docker.io");

test("a realm on the upstream's site may receive the credentials, on any port", () => {
  assert.ok(isTrustedRealm(new URL("https://auth.docker.io/token"), hub, []));
  const local = new URL("http://registry:5000");
  assert.ok(isTrustedRealm(new URL("http://registry:5001/auth"), local, []));
});

test("a realm may be a path on the upstream's host", () => {
  assert.equal(parseRealm("/token", hub).href, "https://registry-1.docker.io/token");
});

test("a realm with http on the site of a registry with https is requested by https", () => {
  assert.equal(parseRealm("http://auth.docker.io/token", hub).href, "https://auth.docker.io/token");
  const registry = new URL("https://registry.example.com:8443");
  assert.equal(parseRealm("http://registry.example.com:8443/token", registry).href, `${registry.href}token`);
});

for (const [realm, message] of [
  [undefined, /no realm/],
  ["", /no realm/],
  ["http://[broken", /no realm/],
  ["http://auth.docker.io:8080/token", /not secured/],
  ["http://auth.example.org/token", /not secured/],
  ["https://user:password@auth.docker.io/token", /credentials/],
  ["file:///etc/passwd", /file:/],
  ["javascript:alert(1)", /javascript:/],
] as const) {
  test(`the realm ${realm} is refused`, () => {
    assert.throws(
      () => parseRealm(realm, hub),
      (error) => error instanceof InvalidAnswerError && message.test(error.message),
    );
  });
}

for (const realm of ["https://169.254.169.254/latest", "https://auth.evil.io/token"]) {
  test(`the realm ${realm} may not receive the credentials`, () => {
    assert.throws(() => refuseUntrusted(new URL(realm), hub, []), /foreign host.*realms/);
  });
}

test("listed realms are trusted by host, or by host and port", () => {
  const realm = new URL("https://login.example.org:8443/jwt/auth");
  for (const listed of ["login.example.org", "login.example.org:8443", "LOGIN.example.org"]) {
    assert.ok(isTrustedRealm(realm, hub, [listed]));
  }
  assert.ok(!isTrustedRealm(realm, hub, ["login.example.org:443"]));
  assert.ok(!isTrustedRealm(realm, hub, ["example.org"]));
});
