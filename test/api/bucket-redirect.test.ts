import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { expectStatus, pushBlob, seededBytes } from "../support/content.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { type BucketBerthOptions, runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { Scope } from "../support/scope.js";

const large = seededBytes("large", 3_000_000);
const small = seededBytes("small", 300_000);
const pathOf = (bytes: Buffer, name = "team/app") => `/v2/${name}/blobs/${digestOf(bytes)}`;

test("a pull of a large blob is sent to a signed address of the store, which has the bytes", async (t) => {
  const { client, store } = await serve(t);
  const answer = await client.get(pathOf(large));
  expectStatus(answer, 307, "a large blob");
  assert.equal(answer.headers["docker-content-digest"], digestOf(large));
  assert.equal(answer.headers["cache-control"], "no-store");
  const location = new URL(answer.headers.location ?? "");
  assert.equal(location.origin, store.endpoint);
  assert.equal(location.searchParams.get("X-Amz-Expires"), "1200");
  assert.match(location.searchParams.get("X-Amz-Signature") ?? "", /^[0-9a-f]{64}$/);
  assert.ok(Buffer.from(await (await fetch(location)).arrayBuffer()).equals(large));
});

test("the store sends a part to a client that repeats its Range there; one that does not exist is refused here", async (t) => {
  const { client } = await serve(t);
  const answer = await client.get(pathOf(large), { range: "bytes=1000-1999" });
  expectStatus(answer, 307, "a part");
  const part = await fetch(answer.headers.location ?? "", { headers: { range: "bytes=1000-1999" } });
  assert.equal(part.status, 206);
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(large.subarray(1_000, 2_000)));
  expectStatus(await client.get(pathOf(large), { range: "bytes=9000000-" }), 416, "no such part");
});

test("HEAD, small blobs, and what a client has already are answered here", async (t) => {
  const { client } = await serve(t);
  const head = await client.head(pathOf(large));
  expectStatus(head, 200, "HEAD");
  assert.equal(head.headers["content-length"], String(large.length));
  assert.ok((await client.get(pathOf(small))).body.equals(small));
  expectStatus(await client.get(pathOf(large), { "if-none-match": head.headers.etag }), 304, "known");
});

test("only the configured repositories and networks are sent to the store", async (t) => {
  const { client } = await serve(t, { repositories: ["team/*"], networks: ["10.0.0.0/8"] });
  expectStatus(await client.get(pathOf(large)), 200, "a client of another network");
  expectStatus(await client.get(pathOf(large), { "x-forwarded-for": "10.1.2.3" }), 307, "a client of the network");
  const other = await client.get(pathOf(large, "other/app"), { "x-forwarded-for": "10.1.2.3" });
  expectStatus(other, 200, "another repository");
  assert.ok(other.body.equals(large));
});

test("access is decided before: who may not pull gets no address, and a missing blob is missing", async (t) => {
  const htpasswd = await htpasswdFile(new Scope(t), { ann: "ann" });
  const { client } = await serve(t, {}, { access: { users: { htpasswd } } });
  const answer = await client.get(pathOf(large));
  expectStatus(answer, 401, "an anonymous client");
  assert.equal(answer.headers.location, undefined);
  const open = await serve(t);
  expectStatus(await open.client.get(pathOf(seededBytes("other", 3_000_000))), 404, "a missing blob");
});

test("a client whose credentials would be sent to the store as well gets the blob from here", async (t) => {
  const { client } = await serve(t);
  // The store of the test has the same host as the registry.
  const answer = await client.get(pathOf(large), { authorization: "Basic c29tZW9uZTpzZWNyZXQ=" });
  expectStatus(answer, 200, "a client with credentials");
  assert.ok(answer.body.equals(large));
  const elsewhere = { authorization: "Basic c29tZW9uZTpzZWNyZXQ=", host: "registry.example.com" };
  expectStatus(await client.get(pathOf(large), elsewhere), 307, "the registry has another host");
});

test("a pull that storage.verify has chosen is sent to the store, too", async (t) => {
  const { client } = await serve(t, {}, { verify: 1 });
  expectStatus(await client.get(pathOf(large)), 307, "a large blob");
});

test("the address is at the public endpoint", async (t) => {
  const { client } = await serve(t, { endpoint: "https://store.example.com" });
  const { location } = (await client.get(pathOf(large))).headers;
  assert.ok(location?.startsWith("https://store.example.com/images/docker/registry/v2/blobs/"), location);
});

async function serve(t: TestContext, redirect: object = {}, settings: BucketBerthOptions = {}) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const writer = await runBerthOnBucket(scope, store);
  for (const name of ["team/app", "other/app"])
    for (const bytes of [large, small]) await pushBlob(writer.client, name, bytes);
  const s3 = { redirect: { endpoint: undefined, expires: 1_200_000, ...redirect } };
  const { client } = await runBerthOnBucket(scope, store, {
    ...settings,
    server: { trustedProxies: ["127.0.0.1"] },
    s3,
  });
  return { client, store };
}
