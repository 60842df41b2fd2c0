import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { exchangeRaw, statusesIn } from "../support/raw-connection.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const digest = digestOf(Buffer.from("layer"));

for (const target of [
  "/v2/%zz/tags/list",
  "/v2/a/manifests/%",
  "/v2/a/manifests/%e0%a4%a",
  "/v2/a/blobs/%ff",
  "/v2/%ff/tags/list",
  "/v2/a/blobs/uploads/%",
  "/v2/a/referrers/%GG",
]) {
  test(`${target} is badly encoded and refused`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const answer = await client.get(target);
    assert.equal(answer.status, 400);
    assert.ok(errorCodeOf(answer));
  });
}

for (const query of [
  "n=%zz",
  "last=%",
  "%=1",
  "&&&",
  "=",
  "n&last",
  "n[]=1",
  "n[a]=1",
  "__proto__=1&__proto__[n]=1",
  "constructor=1",
  "?n=1",
  "n=1#last=x",
]) {
  test(`the query ?${query} breaks nothing`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushSmallImage(client, "a", "layer", { tag: "v1" });
    for (const target of ["/v2/a/tags/list", "/v2/_catalog", "/v2/a/manifests/v1", `/v2/a/referrers/${digest}`]) {
      const answer = await client.get(`${target}?${query}`);
      assert.ok([200, 400].includes(answer.status), `${target} ${answer.status}`);
    }
  });
}

test("whether a parameter is given once, twice or as a list changes no type", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const body = "layer";
  for (const [query, status] of [
    [`digest=${digest}&digest=${digest}`, 201],
    [`digest[]=${digest}`, 202],
    [`digest[a]=${digest}`, 202],
    [`digest=&digest=${digest}`, 400],
  ] as const) {
    const answer = await client.request("POST", `/v2/a/blobs/uploads/?${query}`, { body });
    assert.equal(answer.status, status, query);
  }
  const session = await startUpload(client, "a");
  assert.equal((await client.request("PUT", `${session}?digest[]=${digest}`, { body })).status, 400);
});

test("ns selects the registry that a client means, and private names are private with any", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushSmallImage(client, "a", "layer", { tag: "v1" });
  for (const ns of [
    "docker.io",
    "127.0.0.1:22",
    "[::1]",
    "user@host",
    "host/path",
    "file:",
    "%0d%0aEvil:%201",
    "",
    "%C4%8A",
  ]) {
    const answer = await client.get(`/v2/a/manifests/v1?ns=${ns}`);
    assert.equal(answer.status, 200, ns);
    assert.equal(answer.headers.evil, undefined);
  }
});

for (const target of [
  "http://127.0.0.1/v2/",
  "http://evil.example/v2/",
  "https://evil.example:8443/v2/a/tags/list",
  "http://user:password@evil.example/v2/",
  "//evil.example/v2/",
  "*",
  "/v2/a/tags/list#fragment",
  "v2/",
  "?n=1",
  "\\v2\\",
]) {
  test(`the target ${target} is answered by this registry or refused, never forwarded`, async (t) => {
    const scope = new Scope(t);
    const { port, client } = await runBerth(scope);
    const received = await exchangeRaw(scope, port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const [status = 0] = statusesIn(received);
    assert.ok([200, 400, 404].includes(status), received);
    assert.doesNotMatch(received, /^Location: .*evil/im);
    assert.equal((await client.get("/v2/")).status, 200);
  });
}

test("an absolute target means its path here, as HTTP requires of servers, and its host is ignored", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope);
  for (const tag of ["v1", "v2"]) await pushSmallImage(client, "a", "layer", { tag });
  for (const target of ["/v2/", "/healthz", "/v2/a/tags/list?n=1", "/v2/a/manifests/v1", ""]) {
    const received = await exchangeRaw(
      scope,
      port,
      `GET http://user:password@evil.example${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    assert.deepEqual(statusesIn(received), [200], target);
    assert.doesNotMatch(received, /evil|password/);
  }
});

for (const [what, host] of [
  ["empty", "Host: \r\n"],
  ["a stranger", "Host: evil.example\r\n"],
  ["with a path", "Host: evil.example/path?x\r\n"],
  ["with a quote", 'Host: "><script>\r\n'],
  ["with credentials", "Host: user@evil.example\r\n"],
] as const) {
  test(`a Host ${what} appears in no Location and no Link`, async (t) => {
    const scope = new Scope(t);
    const { port, client } = await runBerth(scope);
    for (const tag of ["v1", "v2"]) await pushSmallImage(client, "a", "layer", { tag });
    for (const line of ["POST /v2/a/blobs/uploads/", "GET /v2/a/tags/list?n=1"]) {
      const received = await exchangeRaw(
        scope,
        port,
        `${line} HTTP/1.1\r\n${host}X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      assert.match(received, /^HTTP\/1\.1 20\d /);
      assert.match(received, /^(Location: \/v2\/|Link: <\/v2\/)/m);
      assert.doesNotMatch(received, /evil|script|gopher/);
    }
  });
}

for (const method of ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "M-SEARCH", "PURGE", "get", "GETT", "G\u00c9T"]) {
  test(`the method ${method} does nothing and reveals nothing`, async (t) => {
    const scope = new Scope(t);
    const { port, client } = await runBerth(scope);
    const target = method === "CONNECT" ? "evil.example:443" : "/v2/";
    const received = await exchangeRaw(
      scope,
      port,
      `${method} ${target} HTTP/1.1\r\nHost: a\r\nX-Secret: hush\r\nConnection: close\r\n\r\n`,
    );
    const [status] = statusesIn(received);
    assert.ok(status === undefined || status === 204 || (status >= 400 && status < 500), received);
    assert.doesNotMatch(received, /hush/);
    assert.equal((await client.get("/v2/")).status, 200);
  });
}

test("an upgrade to another protocol is ignored", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  for (const protocol of ["h2c", "websocket", "TLS/1.2"]) {
    const received = await exchangeRaw(
      scope,
      port,
      `GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`,
    );
    assert.deepEqual(statusesIn(received), [200], protocol);
  }
});

test("a client that speaks TLS to a plain HTTP port is told so", async (t) => {
  const scope = new Scope(t);
  const { port, log } = await runBerth(scope);
  const clientHello = Buffer.from("16030100c8010000c40303", "hex");
  assert.match(await exchangeRaw(scope, port, clientHello.toString("latin1")), /400 .*this port serves plain HTTP/s);
  assert.match(String(log.named("request refused")[0]?.message), /speaks TLS/);
});
