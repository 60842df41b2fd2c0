import { strict as assert } from "node:assert";
import type { OutgoingHttpHeaders } from "node:http";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { RawConnection } from "../support/raw-connection.js";
import { type Answer, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const bytes = Buffer.from("layer");
const digest = digestOf(bytes);

function start(client: RegistryClient, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  return client.request("POST", "/v2/team/app/blobs/uploads/", { headers: { "content-length": 0, ...headers } });
}

test("locations contain no host by default, and so work behind every proxy", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const headers = { host: "other.example.com", "x-forwarded-proto": "https", forwarded: "host=third.example.com" };
  assert.match(locationOf(await start(client, headers)), /^\/v2\/team\/app\/blobs\/uploads\//);
});

test("a client that needs an absolute Location can push if locations are absolute", async (t) => {
  const { client, port } = await runBerth(new Scope(t), { server: { locations: "absolute" } });
  const session = locationOf(await start(client));
  assert.ok(session.startsWith(`http://127.0.0.1:${port}/v2/team/app/blobs/uploads/`), session);
  const patched = await client.request("PATCH", session, { body: bytes });
  assert.ok(locationOf(patched).startsWith(`http://127.0.0.1:${port}/v2/`));
  assert.ok(locationOf(await client.get(session)).startsWith(`http://127.0.0.1:${port}/v2/`));
  const put = await client.request("PUT", locationOf(patched, `digest=${digest}`));
  assert.equal(put.status, 201);
  assert.equal(locationOf(put), `http://127.0.0.1:${port}/v2/team/app/blobs/${digest}`);
});

test("an absolute location is the address that the client sees, according to the proxies in front", async (t) => {
  const { client, port } = await runBerth(new Scope(t), { server: { locations: "absolute" } });
  const own = `http://127.0.0.1:${port}`;
  const cases: readonly (readonly [OutgoingHttpHeaders, string])[] = [
    [{ host: "registry.example.com" }, "http://registry.example.com"],
    [{ host: "[::1]:5000" }, "http://[::1]:5000"],
    [{ host: "registry.example.com", "x-forwarded-proto": "https" }, "https://registry.example.com"],
    [{ "x-forwarded-proto": "HTTPS, http", "x-forwarded-host": "a.example.com, b" }, "https://a.example.com"],
    [{ forwarded: 'for=1.2.3.4;proto=https;host="r.example.com:8443", for=10.0.0.1' }, "https://r.example.com:8443"],
    [{ forwarded: "proto=https", "x-forwarded-host": "unheard.example.com" }, `https://127.0.0.1:${port}`],
    [{ "x-forwarded-proto": "" }, own],
    [{ "x-forwarded-proto": "javascript" }, ""],
    [{ "x-forwarded-host": "evil/../<script>" }, ""],
  ];
  for (const [headers, base] of cases) {
    const location = locationOf(await start(client, headers));
    assert.ok(location.startsWith(`${base}/v2/team/app/blobs/uploads/`), `${JSON.stringify(headers)}: ${location}`);
  }
});

for (const [what, path, headers, prefix] of [
  ["passes on", "/registry/v2/team/app", {}, "/registry"],
  ["removes", "/v2/team/app", { "x-forwarded-prefix": "/apps/registry/" }, "/apps/registry"],
] as const) {
  test(`a push below a path that the proxy in front ${what} stays below it`, async (t) => {
    const { client } = await runBerth(new Scope(t), { server: { prefix: "/registry" } });
    const started = await client.request("POST", `${path}/blobs/uploads/`, { headers });
    assert.ok(locationOf(started).startsWith(`${prefix}/v2/team/app/blobs/uploads/`), locationOf(started));
    const session = locationOf(started, `digest=${digest}`).replace(prefix, path.replace("/v2/team/app", ""));
    const put = await client.request("PUT", session, { body: bytes, headers });
    assert.deepEqual([put.status, locationOf(put)], [201, `${prefix}/v2/team/app/blobs/${digest}`]);
    assert.deepEqual((await client.get(`${path}/blobs/${digest}`)).body, bytes);
  });
}

test("without the path of the proxy, or with one that is none, locations are below the root", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { prefix: "/registry" } });
  for (const removed of ["", "/", "//evil.example.com", "/../x", "/a b", "https://evil.example.com"]) {
    const location = locationOf(await start(client, { "x-forwarded-prefix": removed }));
    assert.ok(location.startsWith("/v2/team/app/blobs/uploads/"), location);
  }
  assert.equal((await client.get("/registryv2/")).status, 404);
});

test("the next page of a list is below the path of the proxy", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { prefix: "/registry" } });
  for (const repository of ["a", "b"]) await pushSmallImage(client, repository, repository);
  const { headers } = await client.get("/registry/v2/_catalog?n=1");
  assert.equal(headers.link, '</registry/v2/_catalog?n=1&last=a>; rel="next"');
});

test("a client that sends no host gets a location without one", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope, { server: { locations: "absolute" } });
  const connection = await RawConnection.open(scope, port);
  connection.send("POST /v2/team/app/blobs/uploads/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  assert.match(await connection.receive(/\r\n\r\n/), /\r\nLocation: \/v2\/team\/app\/blobs\/uploads\//);
});

test("a fixed address overrides what the request says", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { locations: "https://registry.example.com/" } });
  const location = locationOf(await start(client, { "x-forwarded-host": "other.example.com" }));
  assert.ok(location.startsWith("https://registry.example.com/v2/team/app/blobs/uploads/"), location);
});

test("a page of the catalog has at most the configured number of repositories", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { catalogMaxEntries: 2 } });
  for (const name of ["a", "b", "c"]) await pushSmallImage(client, name, "layer");
  const page = await client.get("/v2/_catalog?n=100000");
  assert.deepEqual(JSON.parse(page.body.toString()), { repositories: ["a", "b"] });
  assert.match(page.headers.link ?? "", /last=b/);
});
