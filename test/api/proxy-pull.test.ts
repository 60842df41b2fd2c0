import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { cutAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 300_000);

test("an image is downloaded once: the second pull sends nothing to the upstream while the tag is fresh", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  const digest = image.layers[0]?.digest;
  for (const from of ["miss", "hit"]) {
    const manifest = await client.get("/v2/library/alpine/manifests/latest");
    assert.equal(manifest.status, 200);
    assert.equal(manifest.headers["x-cache"], from);
    assert.deepEqual(manifest.body, image.bytes);
    const blob = await client.get(`/v2/library/alpine/blobs/${digest}`);
    assert.equal(blob.status, 200);
    assert.equal(blob.headers["x-cache"], from);
    assert.deepEqual(blob.body, layer);
  }
  assert.equal(fake.ledger.count({ kind: "blob" }), 1);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 1);
});

test("fifty clients of one cold blob are one GET, and each gets the right bytes", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url);
  const path = `/v2/library/alpine/blobs/${image.layers[0]?.digest}`;
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.get(path)));
  for (const answer of answers) assert.deepEqual(answer.body, layer);
  assert.equal(fake.ledger.count({ kind: "blob" }), 1);
});

test("a download that is interrupted three times resumes where it stopped", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  fake.faults.add({ kind: "blob" }, cutAt(70_000), { times: 3 });
  const { client } = await runProxy(scope, fake.url);
  const answer = await client.get(`/v2/library/alpine/blobs/${image.layers[0]?.digest}`);
  assert.deepEqual(answer.body, layer);
});

test("docker push to a cache is told what to do", async (t) => {
  const scope = new Scope(t);
  const { client } = await runProxy(scope, "http://127.0.0.1:1");
  const answer = await client.request("POST", "/v2/my_custom_image/blobs/uploads/");
  assert.equal(answer.status, 405);
  assert.match(answer.body.toString(), /"code":"UNSUPPORTED".*mode: private/);
});
