import { strict as assert } from "node:assert";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { purgeUploads } from "../../src/maintenance/upload-purge.js";
import { digestOf } from "../../src/oci/digest.js";
import { listTags, pullWhole, pushBlob } from "../support/content.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { offsetOf, startUpload } from "../support/upload.js";

const registry = "docker/registry/v2";
const repository = `${registry}/repositories/team/app`;

/** What other programs, people and file systems leave behind. */
const litter = [
  "lost+found/x",
  ".DS_Store",
  `${registry}/x`,
  `${registry}/blobs/x`,
  `${registry}/blobs/sha256/zz/short/data`,
  `${registry}/repositories/.DS_Store`,
  `${registry}/repositories/file`,
  `${registry}/repositories/UPPER/_manifests/tags/v1/current/link`,
  `${registry}/repositories/_catalog/_manifests/x`,
  `${registry}/repositories/team/.nfs0001`,
  `${repository}/x`,
  `${repository}/_uploads/x`,
  `${repository}/_uploads/short/data`,
  `${repository}/_uploads/00000000-0000-4000-8000-000000000000`,
  `${repository}/_manifests/tags/.hidden/current/link`,
  `${repository}/_manifests/tags/file`,
  `${repository}/_manifests/tags/v1/x`,
  `${repository}/_manifests/revisions/sha256/short/link`,
  `${repository}/_layers/sha256/short/link`,
  `${repository}/_referrers/x`,
];

test("foreign files, anywhere in the data directory, do no harm", async (t) => {
  const scope = new Scope(t);
  const { client, root, storage, log } = await runBerthOnDisk(scope);
  const image = await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  for (const file of litter) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), "litter");
  }
  await symlink("..", join(root, registry, "repositories/loop"));
  const again = await runBerth(scope, { root });
  for (const berth of [client, again.client]) {
    await pullWhole(berth, "team/app", "v1");
    assert.deepEqual(await listTags(berth, "team/app"), ["v1"]);
    assert.equal((await berth.get(`/v2/team/app/referrers/${image.descriptor.digest}`)).status, 200);
    await pushSmallImage(berth, "team/new", "layer", { tag: "v2" });
  }
  const catalog = await again.client.get("/v2/_catalog");
  const { repositories } = JSON.parse(catalog.body.toString());
  for (const name of ["team/app", "team/new"]) assert.ok(repositories.includes(name), name);
  for (const name of repositories) assert.match(name, /^[a-z0-9/]+$/);
  await purgeUploads(storage, Date.now() + 60_000, log);
  assert.equal((await client.get("/v2/_catalog")).status, 200);
});

test("links in a circle among the repositories lead to none, and hide no other one", async (t) => {
  const { client, root, log } = await runBerthOnDisk(new Scope(t));
  await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  const repositories = join(root, registry, "repositories");
  await symlink(join(repositories, "two"), join(repositories, "one"));
  await symlink(join(repositories, "one"), join(repositories, "two"));
  const catalog = await client.get("/v2/_catalog");
  assert.deepEqual(JSON.parse(catalog.body.toString()), { repositories: ["team/app"] });
  assert.equal((await client.get("/v2/one/manifests/v1")).status, 404);
  assert.ok(log.events.some(({ event }) => event.includes("a link that leads nowhere")));
});

test("a tag whose link is empty, truncated or points to nothing counts as missing, and a push repairs it", async (t) => {
  const { client, root } = await runBerthOnDisk(new Scope(t));
  const image = await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  const link = join(root, repository, "_manifests/tags/v1/current/link");
  for (const content of [
    "",
    "sha256:",
    image.descriptor.digest.slice(0, 40),
    "x".repeat(100_000),
    digestOf(Buffer.from("x")),
  ]) {
    await writeFile(link, content);
    assert.equal((await client.get("/v2/team/app/manifests/v1")).status, 404, content.slice(0, 50));
    assert.equal((await client.get("/v2/team/app/tags/list")).status, 200);
    await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
    await pullWhole(client, "team/app", "v1");
  }
});

test("a blob that was damaged on the disk is never served as if it were complete", async (t) => {
  const scope = new Scope(t);
  const { client, root } = await runBerthOnDisk(scope);
  const bytes = Buffer.from("layer");
  const hex = digestOf(bytes).slice("sha256:".length);
  const path = join(root, registry, "blobs/sha256", hex.slice(0, 2), hex, "data");
  for (const damaged of [Buffer.alloc(0), Buffer.from("laye"), Buffer.from("Layer")]) {
    await pushBlob(client, "team/app", bytes);
    await writeFile(path, damaged);
    const fresh = await runBerth(scope, { root });
    assert.equal((await fresh.client.get(`/v2/team/app/blobs/${digestOf(bytes)}`)).status, 404);
    await pushBlob(fresh.client, "team/app", bytes);
    assert.ok((await fresh.client.get(`/v2/team/app/blobs/${digestOf(bytes)}`)).body.equals(bytes));
  }
});

test("an unforeseen error is a 500 that tells the client nothing and the log everything, and the server survives", async (t) => {
  const { client, root, log } = await runBerthOnDisk(new Scope(t));
  const blobs = join(root, registry, "blobs");
  await mkdir(dirname(blobs), { recursive: true });
  await writeFile(blobs, "a file where a folder should be");
  const bytes = Buffer.from("layer");
  const target = `/v2/team/app/blobs/uploads/?digest=${digestOf(bytes)}`;
  const refused = await client.request("POST", target, { body: bytes });
  assert.equal(refused.status, 500);
  assert.equal(errorCodeOf(refused), "UNKNOWN");
  assert.deepEqual(JSON.parse(refused.body.toString()).errors[0], { code: "UNKNOWN", message: "internal error" });
  const [entry] = log.events.filter(({ level }) => level === "error");
  assert.equal(entry?.event, "request failed");
  assert.ok(entry.fields.cause instanceof Error);
  assert.equal(entry.fields.id, refused.headers["x-request-id"]);
  assert.equal((await client.head(`/v2/team/app/blobs/${digestOf(bytes)}`)).status, 404);
  await rm(blobs);
  assert.equal((await client.request("POST", target, { body: bytes })).status, 201);
});

test("a data directory that disappears and comes back needs no restart", async (t) => {
  const { client, root } = await runBerthOnDisk(new Scope(t));
  await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  const session = await startUpload(client, "team/app");
  await rename(root, `${root}.away`);
  assert.equal((await client.get("/v2/team/app/manifests/v1")).status, 404);
  assert.equal((await client.get("/v2/")).status, 200);
  await rename(`${root}.away`, root);
  await pullWhole(client, "team/app", "v1");
  assert.equal(await offsetOf(client, session), 0);
});
