import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runHybrid } from "../support/hybrid-berth.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const layer = seededBytes("a layer of both sides", 100_000);
const alpine = parseRepositoryName("library/alpine");

/** One Berth that is private and caches an image of each of two upstreams. */
async function runWithImages(scope: Scope) {
  const berth = await runHybrid(scope);
  berth.hub.store.addImage(alpine, [layer], "latest");
  berth.ghcr.store.addImage(parseRepositoryName("owner/image"), [seededBytes("of ghcr", 5_000)], "latest");
  return berth;
}

test("one address accepts pushes and caches: each name goes to its owner", async (t) => {
  const scope = new Scope(t);
  const { client, hub, ghcr } = await runWithImages(scope);
  await pushSmallImage(client, "my_custom_image", "ours", { tag: "latest" });
  assert.equal((await client.get("/v2/my_custom_image/manifests/latest")).status, 200);
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).headers["x-cache"], "miss");
  assert.equal((await client.get("/v2/docker.io/alpine/manifests/latest")).headers["x-cache"], "hit");
  assert.equal((await client.get("/v2/index.docker.io/library/alpine/manifests/latest")).headers["x-cache"], "hit");
  assert.equal((await client.get("/v2/ghcr.io/owner/image/manifests/latest")).headers["x-cache"], "miss");
  assert.equal((await client.get("/v2/owner/image/manifests/latest?ns=ghcr.io")).headers["x-cache"], "hit");
  assert.equal(hub.ledger.count({ kind: "manifest", method: "GET" }), 1);
  assert.equal(ghcr.ledger.count({ kind: "manifest", method: "GET" }), 1);
});

test("a private name is never requested from an upstream, even if that has the same name", async (t) => {
  const scope = new Scope(t);
  const { client, hub, ghcr } = await runWithImages(scope);
  for (const name of ["alpine", "team/app"]) {
    hub.store.addImage(parseRepositoryName(name), [layer], "latest");
    for (const target of [
      `manifests/latest`,
      `blobs/${digestOf(layer)}`,
      "tags/list",
      `referrers/${digestOf(layer)}`,
    ]) {
      for (const query of ["", "?ns=docker.io"]) await client.get(`/v2/${name}/${target}${query}`);
    }
  }
  assert.equal(hub.ledger.count() + ghcr.ledger.count(), 0);
});

test("a client that requests a missing private image is told the name of Docker Hub's", async (t) => {
  const scope = new Scope(t);
  const { client } = await runWithImages(scope);
  const answer = await client.get("/v2/alpine/manifests/latest");
  assert.equal(answer.status, 404);
  assert.match(answer.body.toString(), /Docker Hub's image is docker\.io\/library\/alpine/);
});

test("a push to an upstream's name is refused, with the pattern that would allow it", async (t) => {
  const scope = new Scope(t);
  const { client, hub } = await runWithImages(scope);
  const push = (name: string) => client.request("POST", `/v2/${name}/blobs/uploads/`);
  const hubs = await push("library/alpine");
  assert.equal(hubs.status, 405);
  assert.match(
    hubs.body.toString(),
    /belongs to the upstream docker\.io.*add \\"library\/\*\\" to private\.repositories/,
  );
  assert.match((await push("ghcr.io/owner/image")).body.toString(), /push under another name/);
  assert.match((await push("quay.io/a/b")).body.toString(), /quay\.io looks like another registry/);
  assert.equal((await client.get("/v2/library/alpine/manifests/latest?ns=quay.io")).status, 404);
  assert.equal(hub.ledger.count(), 0);
});

test("layers of a cached base image need not be uploaded: they are mounted, by any of the base's names", async (t) => {
  const scope = new Scope(t);
  const { client } = await runWithImages(scope);
  const digest = digestOf(layer);
  await client.get("/v2/library/alpine/manifests/latest");
  await client.get(`/v2/library/alpine/blobs/${digest}`);
  for (const [index, from] of ["library/alpine", "docker.io/library/alpine", "docker.io/alpine"].entries()) {
    const mounted = await client.request("POST", `/v2/team/app${index}/blobs/uploads/?mount=${digest}&from=${from}`);
    assert.equal(mounted.status, 201, from);
    assert.deepEqual((await client.get(`/v2/team/app${index}/blobs/${digest}`)).body, layer);
  }
});

test("a layer that the client has from another image of the upstream is mounted from there, never from a private one", async (t) => {
  const scope = new Scope(t);
  const { client, hub } = await runWithImages(scope);
  const digest = digestOf(layer);
  hub.store.addImage(parseRepositoryName("library/nginx"), [layer], "latest");
  for (const name of ["alpine", "nginx"]) await client.get(`/v2/library/${name}/manifests/latest`);
  const mount = `/v2/team/app/blobs/uploads/?mount=${digest}&from=library/nginx`;
  await pushBlob(client, "team/other", layer);
  assert.equal((await client.request("POST", mount)).status, 202);
  await client.get(`/v2/library/alpine/blobs/${digest}`);
  assert.equal((await client.request("POST", mount)).status, 201);
});

test("the catalog shows the owner in each name, and each can be pulled by that name", async (t) => {
  const scope = new Scope(t);
  const { client } = await runWithImages(scope);
  await pushSmallImage(client, "my_custom_image", "ours", { tag: "latest" });
  await pushSmallImage(client, "team/app", "ours, too", { tag: "latest" });
  await client.get("/v2/library/alpine/manifests/latest");
  await client.get("/v2/ghcr.io/owner/image/manifests/latest");
  const names = ["docker.io/library/alpine", "ghcr.io/owner/image", "my_custom_image", "team/app"];
  assert.deepEqual(await catalogOf(client, ""), names);
  assert.deepEqual(await catalogOf(client, "?n=2"), names.slice(0, 2));
  assert.deepEqual(await catalogOf(client, "?n=2&last=ghcr.io/owner/image"), names.slice(2));
  for (const name of names) assert.equal((await client.get(`/v2/${name}/manifests/latest`)).status, 200, name);
});

test("cached content does not become private when names change their owner, unless it is adopted and then pushed to", async (t) => {
  const scope = new Scope(t);
  const { client: hybrid, root, server } = await runWithImages(scope);
  await hybrid.get("/v2/library/alpine/manifests/latest");
  await hybrid.get(`/v2/library/alpine/blobs/${digestOf(layer)}`);
  await server.stop(0);

  const strict = await runBerthOnDisk(scope, { root, mode: "private" });
  assert.equal((await strict.client.get("/v2/library/alpine/manifests/latest")).status, 404);
  const refused = await strict.client.request("POST", "/v2/library/alpine/blobs/uploads/");
  assert.equal(refused.status, 403);
  assert.match(refused.body.toString(), /private\.adopt: true/);
  assert.deepEqual(await catalogOf(strict.client, ""), []);
  await strict.server.stop(0);

  const adopting = await runBerthOnDisk(scope, { root, mode: "private", private: { adopt: true } });
  assert.equal((await adopting.client.get("/v2/library/alpine/manifests/latest")).status, 200);
  assert.equal(
    await adopting.storage.owners.ownerOf(alpine),
    "docker.io",
    "a repository that is only pulled stays cached",
  );
  await adopting.client.get("/v2/library/alpine/blobs/uploads/8b4f1a52-4a3f-4d0e-9a53-3f5a9c1f0f11");
  await adopting.client.request("DELETE", "/v2/library/alpine/blobs/uploads/8b4f1a52-4a3f-4d0e-9a53-3f5a9c1f0f11");
  await adopting.client.request("DELETE", `/v2/library/alpine/blobs/${digestOf(Buffer.from("absent"))}`);
  assert.equal(
    await adopting.storage.owners.ownerOf(alpine),
    "docker.io",
    "and so it does after other requests, or a deletion",
  );
  const absent = digestOf(Buffer.from("absent"));
  for (const [method, path] of [
    ["POST", `blobs/uploads/?digest=${absent}`],
    ["POST", `blobs/uploads/?mount=${absent}&from=team/app`],
    ["PUT", `${await startUpload(adopting.client, "library/alpine")}&digest=${absent}`],
    ["PUT", "manifests/latest"],
  ] as const) {
    const target = path.startsWith("/") ? path : `/v2/library/alpine/${path}`;
    const answer = await adopting.client.request(method, target, { body: "{}" });
    assert.ok(answer.status === 202 || answer.status === 400, `${path}: ${answer.status}`);
    assert.equal(await adopting.storage.owners.readOwner(alpine), "docker.io", `no more does ${method} ${path}`);
  }
  await pushBlob(adopting.client, "library/alpine", seededBytes("new", 1_000));
  assert.equal(await adopting.storage.owners.ownerOf(alpine), undefined);
});

test("an upstream's allow and deny keep repositories and tags from being pulled", async (t) => {
  const scope = new Scope(t);
  const hub = await FakeUpstream.start(scope);
  for (const tag of ["1.0", "2.0-rc1"]) hub.store.addImage(alpine, [layer], tag);
  const { client } = await runBerthOnDisk(scope, {
    mode: "proxy",
    proxy: { upstreams: [{ name: "docker.io", url: hub.url, allow: ["library/*"], deny: ["**:*-rc*"] }] },
  });
  assert.equal((await client.get("/v2/library/alpine/manifests/1.0")).status, 200);
  const denied = await client.get("/v2/library/alpine/manifests/2.0-rc1");
  assert.equal(denied.status, 403);
  assert.match(denied.body.toString(), /allow and deny of the upstream docker\.io/);
  assert.equal((await client.get("/v2/someone/app/manifests/1.0")).status, 403);
  assert.deepEqual(JSON.parse((await client.get("/v2/library/alpine/tags/list")).body.toString()).tags, ["1.0"]);
});

test("an upstream's repositories may be below a project there", async (t) => {
  const scope = new Scope(t);
  const harbor = await FakeUpstream.start(scope);
  harbor.store.addImage(parseRepositoryName("mirror/hub/library/alpine"), [layer], "latest");
  const { client } = await runBerthOnDisk(scope, {
    mode: "proxy",
    proxy: { upstreams: [{ name: "docker.io", url: harbor.url, remotePrefix: "mirror/hub" }] },
  });
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).status, 200);
  assert.deepEqual((await client.get(`/v2/library/alpine/blobs/${digestOf(layer)}`)).body, layer);
});

async function catalogOf(client: RegistryClient, query: string): Promise<string[]> {
  const answer = await client.get(`/v2/_catalog${query}`);
  return JSON.parse(answer.body.toString()).repositories;
}

test("deleting on the private side deletes nothing from the cache", async (t) => {
  const scope = new Scope(t);
  const { client } = await runWithImages(scope);
  const digest = digestOf(layer);
  const cached = `/v2/library/alpine/blobs/${digest}`;
  await client.get("/v2/library/alpine/manifests/latest");
  await client.get(cached);
  await pushBlob(client, "team/app", layer);
  assert.equal((await client.request("DELETE", `/v2/team/app/blobs/${digest}`)).status, 202);
  const answer = await client.get(cached);
  assert.equal(answer.headers["x-cache"], "hit");
  assert.deepEqual(answer.body, layer);
});

test("the catalog merges private and cached names in one order, for any page", async (t) => {
  const { client, hub, ghcr } = await runWithImages(new Scope(t));
  for (const name of ["library/zoo", "docker/app"]) hub.store.addImage(parseRepositoryName(name), [layer], "latest");
  ghcr.store.addImage(parseRepositoryName("a/b"), [layer], "latest");
  for (const name of [
    "docker.io/library/alpine",
    "docker.io/library/zoo",
    "docker.io/docker/app",
    "ghcr.io/owner/image",
    "ghcr.io/a/b",
  ])
    assert.equal((await client.get(`/v2/${name}/manifests/latest`)).status, 200);
  for (const name of ["a", "docker", "docker.ioo", "team/app", "zeta"])
    await pushSmallImage(client, name, name, { tag: "v1" });
  const expected = [
    "a",
    "docker",
    "docker.io/docker/app",
    "docker.io/library/alpine",
    "docker.io/library/zoo",
    "docker.ioo",
    "ghcr.io/a/b",
    "ghcr.io/owner/image",
    "team/app",
    "zeta",
  ];
  const namesOf = async (query: string): Promise<string[]> =>
    JSON.parse((await client.get(`/v2/_catalog${query}`)).body.toString()).repositories;
  assert.deepEqual(await namesOf(""), expected);
  for (const size of [1, 2, 3]) {
    const seen: string[] = [];
    for (
      let page = await namesOf(`?n=${size}`);
      page.length > 0;
      page = await namesOf(`?n=${size}&last=${seen.at(-1)}`)
    )
      seen.push(...page);
    assert.deepEqual(seen, expected, `pages of ${size}`);
  }
});
