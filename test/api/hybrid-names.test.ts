import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { runHybrid } from "../support/hybrid-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const layer = seededBytes("a layer", 10_000);
const digest = digestOf(layer);

/** Private names that also exist at Docker Hub, and another upstream. */
async function runWithSameNames(scope: Scope) {
  const berth = await runHybrid(scope);
  berth.hub.store.addImage("team/app", [layer], "latest");
  berth.ghcr.store.addImage("owner/image", [layer], "latest");
  return berth;
}

test("Docker Hub's image and the private one of the same name are stored separately, and both are pulled and pushed", async (t) => {
  const scope = new Scope(t);
  const { client, hub } = await runWithSameNames(scope);
  const hubs = await client.get("/v2/docker.io/team/app/manifests/latest");
  assert.equal(hubs.status, 200);
  const ours = await pushSmallImage(client, "team/app", "ours", { tag: "latest" });
  assert.deepEqual((await client.get("/v2/team/app/manifests/latest")).body, ours.bytes);
  assert.deepEqual((await client.get("/v2/docker.io/team/app/manifests/latest")).body, hubs.body);
  assert.equal(hub.ledger.count({ name: "team/app", kind: "manifest", method: "GET" }), 1);
  const catalog = JSON.parse((await client.get("/v2/_catalog")).body.toString());
  assert.deepEqual(catalog.repositories, ["docker.io/team/app", "team/app"]);
});

test("no name of the default upstream takes the place of another upstream's repository", async (t) => {
  const scope = new Scope(t);
  const { client, hub } = await runWithSameNames(scope);
  hub.store.addImage("ghcr.io/owner/image", [seededBytes("another", 1_000)], "latest");
  for (const name of ["docker.io/ghcr.io/owner/image", "ghcr.io/owner/image", "docker.io/docker.io/team/app"])
    await client.get(`/v2/${name}/blobs/${digest}`);
  const other = await client.get("/v2/docker.io/ghcr.io/owner/image/manifests/latest");
  const image = await client.get("/v2/ghcr.io/owner/image/manifests/latest");
  assert.deepEqual([other.status, image.status], [200, 200]);
  assert.notDeepEqual(other.body, image.body);
  assert.equal((await client.get("/v2/docker.io/team/app/manifests/latest")).status, 200);
});

test("what an upstream does not have leaves no record", async (t) => {
  const scope = new Scope(t);
  const { client, storage } = await runWithSameNames(scope);
  assert.equal((await client.get(`/v2/some/absent/blobs/${digest}`)).status, 404);
  assert.equal((await client.get("/v2/some/absent/manifests/latest")).status, 404);
  assert.equal(await storage.owners.readOwner(parseRepositoryName("some/absent")), undefined);
});

test("a name of the maximum length is too long with a prefix, and does not affect others", async (t) => {
  const scope = new Scope(t);
  const { client, hub } = await runWithSameNames(scope);
  const long = `a/${"b".repeat(253)}`;
  hub.store.addImage(long, [layer], "latest");
  assert.equal((await client.get(`/v2/${long}/manifests/latest`)).status, 200);
  assert.deepEqual(JSON.parse((await client.get("/v2/_catalog")).body.toString()).repositories, [long]);
  assert.equal((await client.get(`/v2/${long}/manifests/latest?ns=ghcr.io`)).status, 400);
  const ours = "b".repeat(255);
  assert.equal((await client.get(`/v2/${ours}/manifests/latest`)).status, 404);
  const from = `docker.io/${"b".repeat(245)}`;
  assert.equal((await client.request("POST", `/v2/team/a/blobs/uploads/?mount=${digest}&from=${from}`)).status, 202);
});
