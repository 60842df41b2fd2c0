import { strict as assert } from "node:assert";
import { test } from "node:test";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

for (const path of ["/v2/", "/v2"]) {
  test(`GET ${path} says that this is a registry`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const answer = await client.get(path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["docker-distribution-api-version"], "registry/2.0");
    assert.equal(answer.headers["content-type"], "application/json");
    assert.deepEqual(JSON.parse(answer.body.toString()), {});
  });
}

test("the root answers 200, for probes of load balancers and curious people", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/");
  assert.equal(answer.status, 200);
  assert.match(answer.body.toString(), /container registry/);
});

for (const path of ["/v2/_oci/ext/discover", "/v2/team/app/_oci/ext/discover"]) {
  test(`${path} lists the extensions and their endpoints`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const answer = await client.get(path);
    assert.equal(answer.status, 200);
    const { extensions } = JSON.parse(answer.body.toString());
    for (const { name, description, url, endpoints } of extensions) {
      assert.match(name, /^_/);
      assert.equal(typeof description, "string");
      assert.match(url, /^https:/);
      for (const endpoint of endpoints) assert.equal((await client.get(endpoint)).status, 200);
    }
  });
}

test("liveness and readiness probes are answered, with a query too", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const path of ["/healthz", "/readyz", "/healthz?verbose", "/readyz?probe=1"]) {
    assert.equal((await client.get(path)).status, 200, path);
  }
});

test("no response lets a browser guess its type", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const path of ["/", "/v2/", "/healthz", "/v2/no/such/blobs/x", "/nothing"]) {
    assert.equal((await client.get(path)).headers["x-content-type-options"], "nosniff", path);
  }
});

test("no response is compressed, since lengths and digests are those of the content", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/v2/_catalog", { "accept-encoding": "gzip, zstd, br" });
  assert.equal(answer.headers["content-encoding"], undefined);
  assert.equal(answer.headers["content-length"], String(answer.body.length));
});
