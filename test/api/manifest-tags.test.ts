import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { listTags } from "../support/content.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";

const name = "team/app";
const { bytes, descriptor } = smallImage("layer");

function put(client: RegistryClient, reference: string): Promise<Answer> {
  const headers = { "content-type": descriptor.mediaType };
  return client.request("PUT", `/v2/${name}/manifests/${reference}`, { body: bytes, headers });
}

async function start(t: ConstructorParameters<typeof Scope>[0]): Promise<RegistryClient> {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  return client;
}

test("a manifest is pushed by digest with many tags at once, and the response lists each", async (t) => {
  const client = await start(t);
  const tags = Array.from({ length: 100 }, (_, number) => `v${number}`);
  const answer = await put(client, `${descriptor.digest}?${tags.map((tag) => `tag=${tag}`).join("&")}`);
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.headers["oci-tag"]?.split(", "), tags);
  assert.deepEqual(await listTags(client, name), tags.toSorted());
  for (const tag of ["v0", "v99"]) {
    const pulled = await client.get(`/v2/${name}/manifests/${tag}`);
    assert.equal(pulled.headers["docker-content-digest"], descriptor.digest);
  }
});

test("without tags the response lists none", async (t) => {
  const client = await start(t);
  for (const reference of [descriptor.digest, `${descriptor.digest}?other=1`, "v1"]) {
    assert.equal((await put(client, reference)).headers["oci-tag"], undefined);
  }
});

test("a repeated tag is one tag", async (t) => {
  const client = await start(t);
  const answer = await put(client, `${descriptor.digest}?tag=v1&tag=v1`);
  assert.equal(answer.headers["oci-tag"], "v1");
});

test("too many tags are refused, and none of them is created", async (t) => {
  const client = await start(t);
  const query = Array.from({ length: 101 }, (_, number) => `tag=v${number}`).join("&");
  assert.equal((await put(client, `${descriptor.digest}?${query}`)).status, 414);
  assert.deepEqual(await listTags(client, name), []);
});

for (const bad of ["-bad", "", "a%20b", "a%0d%0aEvil:%201", "a:b", "a/b", "%C4%8A", "x".repeat(129)]) {
  test(`one bad tag (${bad.slice(0, 20)}) among good ones creates none of them`, async (t) => {
    const client = await start(t);
    const answer = await put(client, `${descriptor.digest}?tag=good&tag=${bad}`);
    assert.equal(answer.status, 400);
    assert.equal(errorCodeOf(answer), "MANIFEST_INVALID");
    assert.equal((await client.get(`/v2/${name}/manifests/${descriptor.digest}`)).status, 404);
    assert.deepEqual(await listTags(client, name), []);
  });
}

test("tags in the query need a digest in the path", async (t) => {
  const client = await start(t);
  assert.equal((await put(client, "v1?tag=v2")).status, 400);
  assert.deepEqual(await listTags(client, name), []);
});

test("tags move to a manifest that is pushed by digest", async (t) => {
  const client = await start(t);
  await pushSmallImage(client, name, "other", { tag: "latest" });
  await put(client, `${descriptor.digest}?tag=latest`);
  const pulled = await client.get(`/v2/${name}/manifests/latest`);
  assert.equal(pulled.headers["docker-content-digest"], descriptor.digest);
});

test("a refused manifest moves no tag", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const other = await pushSmallImage(client, name, "other", { tag: "latest" });
  assert.equal((await put(client, `${descriptor.digest}?tag=latest`)).status, 400);
  assert.equal((await put(client, `${digestOf(Buffer.from("x"))}?tag=latest`)).status, 400);
  assert.equal((await put(client, "latest")).status, 400);
  const pulled = await client.get(`/v2/${name}/manifests/latest`);
  assert.equal(pulled.headers["docker-content-digest"], other.descriptor.digest);
});
