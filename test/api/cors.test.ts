import { strict as assert } from "node:assert";
import { test } from "node:test";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const origin = "https://ui.example.com";
const preflight = { "access-control-request-method": "DELETE", "access-control-request-headers": "authorization" };

test("by default, no page of another origin may send requests", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const [method, headers] of [
    ["GET", { origin }],
    ["OPTIONS", { origin, ...preflight }],
  ] as const) {
    const answer = await client.request(method, "/v2/", { headers });
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  }
});

test("pages of the configured origins may send requests and read the responses, including errors", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  for (const target of ["/v2/", "/v2/_catalog", "/v2/nobody/tags/list", "/v2/Bad/tags/list", "/healthz"]) {
    const answer = await client.get(target, { origin });
    assert.equal(answer.headers["access-control-allow-origin"], origin, target);
    for (const exposed of ["Docker-Content-Digest", "Link", "WWW-Authenticate"]) {
      assert.ok(answer.headers["access-control-expose-headers"]?.includes(exposed), exposed);
    }
  }
});

test("a preflight is answered for any path, before anything is looked up", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  for (const target of ["/v2/app/manifests/v1", "/v2/app/blobs/uploads/", "/nothing"]) {
    const answer = await client.request("OPTIONS", target, { headers: { origin, ...preflight } });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    assert.ok(answer.headers["access-control-allow-methods"]?.includes("DELETE"));
    assert.match(answer.headers["access-control-allow-headers"] ?? "", /authorization/i);
    assert.equal(answer.headers["content-length"], undefined);
  }
});

test("other origins, and similar ones, are not allowed", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  for (const other of [
    "https://evil.example",
    "http://ui.example.com",
    `${origin}.evil.example`,
    `${origin}:444`,
    "null",
    "*",
    "",
  ]) {
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await client.request(method, "/v2/", { headers: { origin: other, ...preflight } });
      assert.equal(answer.headers["access-control-allow-origin"], undefined, other);
    }
  }
});

test("with *, any page is allowed, but never with the browser's credentials", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: ["*"] } } });
  for (const other of [origin, "null"]) {
    const answer = await client.get("/v2/", { origin: other });
    assert.equal(answer.headers["access-control-allow-origin"], "*");
    assert.equal(answer.headers["access-control-allow-credentials"], undefined);
  }
});

test("caches are told that the response depends on the origin, whether one was sent or not", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  for (const headers of [{}, { origin }, { origin: "https://evil.example" }]) {
    assert.equal((await client.get("/v2/", headers)).headers.vary, "Origin");
  }
});

test("a preflight allows the headers that the page asks for, such as Cache-Control for Joxit's interface", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  for (const asked of ["cache-control", "authorization, x-requested-with", "Cache-Control,Pragma"]) {
    const headers = { origin, ...preflight, "access-control-request-headers": asked };
    const answer = await client.request("OPTIONS", "/v2/a/manifests/b", { headers });
    assert.equal(answer.headers["access-control-allow-headers"], asked);
  }
  const headers = { origin, ...preflight, "access-control-request-headers": "a b; <c>" };
  const answer = await client.request("OPTIONS", "/v2/a/manifests/b", { headers });
  assert.match(answer.headers["access-control-allow-headers"] ?? "", /^Accept, Authorization, Cache-Control/);
});

test("browser credentials are allowed only if the operator wants that, and only for named origins", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { cors: { origins: [origin], credentials: true } } });
  for (const method of ["GET", "OPTIONS"]) {
    const answer = await client.request(method, "/v2/", { headers: { origin, ...preflight } });
    assert.equal(answer.headers["access-control-allow-credentials"], "true");
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    const other = await client.request(method, "/v2/", { headers: { ...preflight, origin: "https://evil.example" } });
    assert.equal(other.headers["access-control-allow-credentials"], undefined);
  }
  const usual = await runBerth(new Scope(t), { server: { cors: { origins: [origin] } } });
  assert.equal((await usual.client.get("/v2/", { origin })).headers["access-control-allow-credentials"], undefined);
});
