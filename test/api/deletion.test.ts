import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { listTags, manifestOf, pullBlob, pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { emptyConfig, pushSmallImage } from "../support/small-image.js";

const name = "team/app";
const layer = digestOf(Buffer.from("layer"));

async function statusOf(client: RegistryClient, method: string, target: string): Promise<number> {
  return (await client.request(method, `/v2/${target}`)).status;
}

/** Whether GET and HEAD find it; throws if they disagree. */
async function isThere(client: RegistryClient, target: string): Promise<boolean> {
  const statuses = [await statusOf(client, "GET", target), await statusOf(client, "HEAD", target)];
  assert.equal(statuses[0], statuses[1], target);
  assert.ok(statuses[0] === 200 || statuses[0] === 404, `${statuses[0]}`);
  return statuses[0] === 200;
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`a deleted tag is gone, and its manifest is kept under its digest and other tags (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    const image = await pushSmallImage(client, name, "layer", { tag: "v1" });
    await pushManifest(client, name, image, "v2");
    assert.equal(await statusOf(client, "DELETE", `${name}/manifests/v1`), 202);
    assert.equal(await isThere(client, `${name}/manifests/v1`), false);
    assert.equal(await isThere(client, `${name}/manifests/v2`), true);
    assert.equal(await isThere(client, `${name}/manifests/${image.descriptor.digest}`), true);
    assert.deepEqual(await listTags(client, name), ["v2"]);
    assert.equal(await statusOf(client, "DELETE", `${name}/manifests/v1`), 404);
  });

  test(`a deleted manifest is gone with all its tags, and other tags are kept (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    const image = await pushSmallImage(client, name, "layer", { tag: "v1" });
    for (const tag of ["v2", "latest"]) await pushManifest(client, name, image, tag);
    await pushSmallImage(client, name, "other", { tag: "other" });
    assert.equal(await statusOf(client, "DELETE", `${name}/manifests/${image.descriptor.digest}`), 202);
    for (const reference of [image.descriptor.digest, "v1", "v2", "latest"]) {
      assert.equal(await isThere(client, `${name}/manifests/${reference}`), false, reference);
    }
    assert.deepEqual(await listTags(client, name), ["other"]);
    assert.equal(await statusOf(client, "DELETE", `${name}/manifests/${image.descriptor.digest}`), 404);
  });

  test(`a deleted blob is gone here and kept elsewhere, whoever read it last (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    for (const repository of [name, "team/other"]) {
      await pushBlob(client, repository, Buffer.from("layer"));
      await pullBlob(client, repository, layer);
    }
    assert.equal(await statusOf(client, "DELETE", `${name}/blobs/${layer}`), 202);
    assert.equal(await isThere(client, `${name}/blobs/${layer}`), false);
    await pullBlob(client, "team/other", layer);
    assert.equal(await isThere(client, `${name}/blobs/${layer}`), false);
    assert.equal(await statusOf(client, "DELETE", `${name}/blobs/${layer}`), 404);
  });
}

test("a tag that moved before its manifest was deleted is kept", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const old = await pushSmallImage(client, name, "old", { tag: "latest" });
  const current = await pushSmallImage(client, name, "current", { tag: "latest" });
  await client.request("DELETE", `/v2/${name}/manifests/${old.descriptor.digest}`);
  const answer = await client.get(`/v2/${name}/manifests/latest`);
  assert.equal(answer.headers["docker-content-digest"], current.descriptor.digest);
});

test("a manifest that is deleted here is kept in another repository", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "v1" });
  await pushSmallImage(client, "team/other", "layer", { tag: "v1" });
  await client.request("DELETE", `/v2/${name}/manifests/${descriptor.digest}`);
  assert.equal(await isThere(client, `team/other/manifests/v1`), true);
  assert.equal(await isThere(client, `${name}/manifests/${descriptor.digest}`), false);
});

test("an index can be deleted before its children, or after them", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const order of [(digests: Digest[]) => digests, (digests: Digest[]) => digests.toReversed()]) {
    const child = await pushSmallImage(client, name, "layer");
    const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [child.descriptor] });
    await pushManifest(client, name, index, "v1");
    for (const digest of order([index.descriptor.digest, child.descriptor.digest])) {
      assert.equal(await statusOf(client, "DELETE", `${name}/manifests/${digest}`), 202);
    }
    assert.deepEqual(await listTags(client, name), []);
  }
});

test("after repeated deletions and pushes, the last operation counts", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (let round = 0; round < 10; round++) {
    await pushSmallImage(client, name, "layer", { tag: "v1" });
    for (const target of [`${name}/manifests/v1`, `${name}/blobs/${digestOf(emptyConfig)}`, `${name}/blobs/${layer}`]) {
      assert.equal(await isThere(client, target), true, `${round} ${target}`);
      assert.equal(await statusOf(client, "DELETE", target), 202);
      assert.equal(await isThere(client, target), false, `${round} ${target}`);
    }
  }
});

test("with private.delete: false nothing is deleted, by tag or by digest, but uploads may be cancelled", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { delete: false } });
  const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "v1" });
  const unknown = digestOf(Buffer.from("unknown"));
  for (const target of [
    "manifests/v1",
    `manifests/${descriptor.digest}`,
    `blobs/${layer}`,
    "manifests/v2",
    `manifests/${unknown}`,
    `blobs/${unknown}`,
  ]) {
    const answer = await client.request("DELETE", `/v2/${name}/${target}`);
    assert.equal(answer.status, 405, target);
    assert.equal(errorCodeOf(answer), "UNSUPPORTED");
    assert.ok(answer.headers.allow !== undefined && !answer.headers.allow.includes("DELETE"), answer.headers.allow);
  }
  for (const target of ["manifests/v1", `manifests/${descriptor.digest}`, `blobs/${layer}`]) {
    assert.equal(await isThere(client, `${name}/${target}`), true);
  }
  const started = await client.request("POST", `/v2/${name}/blobs/uploads/`);
  assert.equal((await client.request("DELETE", started.headers.location ?? "")).status, 204);
});

test("a running pull gets all of a blob that is deleted meanwhile", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = seededBytes("large", 20_000_000);
  await pushBlob(client, name, bytes);
  const opened = await client.open("GET", `/v2/${name}/blobs/${digestOf(bytes)}`);
  assert.equal(await statusOf(client, "DELETE", `${name}/blobs/${digestOf(bytes)}`), 202);
  const received: Buffer[] = [];
  for await (const chunk of opened.stream) received.push(chunk);
  assert.ok(Buffer.concat(received).equals(bytes));
  assert.equal(await isThere(client, `${name}/blobs/${digestOf(bytes)}`), false);
});

test("a repository whose last tag was deleted is still known, and empty", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "v1" });
  await client.request("DELETE", `/v2/${name}/manifests/${descriptor.digest}`);
  const answer = await client.get(`/v2/${name}/tags/list`);
  assert.deepEqual(JSON.parse(answer.body.toString()), { name, tags: [] });
});
