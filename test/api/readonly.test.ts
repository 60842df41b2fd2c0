import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

test("a read-only registry refuses every change with a sentence, and serves what it has", async (t) => {
  const scope = new Scope(t);
  const { root, client, server } = await runBerthOnDisk(scope);
  const { descriptor } = await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  const session = await startUpload(client, "team/app");
  await server.stop(0);
  const readonly = await runBerthOnDisk(scope, { root, private: { readonly: true } });
  const digest = digestOf(Buffer.from("layer"));
  for (const [method, path] of [
    ["POST", "/v2/team/app/blobs/uploads/"],
    ["POST", `/v2/team/app/blobs/uploads/?digest=${digest}`],
    ["POST", `/v2/team/other/blobs/uploads/?mount=${digest}&from=team/app`],
    ["PATCH", session],
    ["PUT", `${session}?digest=${digest}`],
    ["DELETE", session],
    ["PUT", "/v2/team/app/manifests/v2"],
    ["DELETE", "/v2/team/app/manifests/v1"],
    ["DELETE", `/v2/team/app/manifests/${descriptor.digest}`],
    ["DELETE", `/v2/team/app/blobs/${digest}`],
  ] as const) {
    const answer = await readonly.client.request(method, path, { body: "layer" });
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.match(answer.body.toString(), /"UNSUPPORTED".*read-only.*private\.readonly/, `${method} ${path}`);
    assert.notEqual(answer.headers.allow, undefined);
  }
  assert.equal((await readonly.client.get("/v2/team/app/manifests/v1")).status, 200);
  assert.equal((await readonly.client.get(`/v2/team/app/blobs/${digest}`)).status, 200);
});

test("the cache of a read-only registry continues to fill", async (t) => {
  const scope = new Scope(t);
  const hub = await FakeUpstream.start(scope);
  hub.store.addImage(parseRepositoryName("library/alpine"), [Buffer.from("layer")], "latest");
  const upstreams = [{ name: "docker.io", url: hub.url }];
  const { client } = await runBerthOnDisk(scope, { mode: "hybrid", private: { readonly: true }, proxy: { upstreams } });
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).status, 200);
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).headers["x-cache"], "hit");
  assert.equal((await client.request("POST", "/v2/mine/blobs/uploads/")).status, 405);
});

test("a client without the right to push is told that, also by a read-only registry", async (t) => {
  const rules = [{ allow: "push", to: "ann", in: "team/**" }] as const;
  const { client } = await runGuardedBerth(new Scope(t), { rules }, { private: { readonly: true } });
  const start = (headers = {}) => client.request("POST", "/v2/team/app/blobs/uploads/", { headers });
  assert.equal((await start()).status, 401);
  assert.equal((await start(basic("bob"))).status, 403);
  assert.equal((await start(basic("ann"))).status, 405);
});
