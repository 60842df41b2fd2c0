import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ContentRules } from "../../src/proxy/content-rules.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/nginx");
const manifestPath = (reference: string) => `/v2/${name}/manifests/${reference}`;
const blobPath = (digest = "") => `/v2/${name}/blobs/${digest}`;

async function withTwoImages(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const bad = fake.store.addImage(name, [seededBytes("bad", 1_000)], "1.0-vulnerable");
  const good = fake.store.addImage(name, [seededBytes("good", 1_000)]);
  const index = fake.store.addIndex(name, [good], "1.2");
  return { fake, bad, good, index };
}

for (const [what, rules] of [
  ["denied", new ContentRules([], [`${name}:*-vulnerable`])],
  ["not allowed", new ContentRules([`${name}:1.2`], [])],
] as const) {
  test(`content of a tag that is ${what} cannot be pulled by its digest, by its layers or by its referrers either`, async (t) => {
    const scope = new Scope(t);
    const { fake, bad, good, index } = await withTwoImages(scope);
    const { client } = await runProxy(scope, fake.url, { rules });
    const doors = [
      manifestPath("1.0-vulnerable"),
      manifestPath(bad.descriptor.digest),
      blobPath(bad.layers[0]?.digest),
      `/v2/${name}/referrers/${bad.descriptor.digest}`,
    ];
    for (const door of doors) {
      assert.equal((await client.get(door)).status, 403, door);
      assert.equal((await client.head(door)).status, 403, door);
    }
    assert.equal(fake.ledger.count(), 0);
    assert.equal((await client.get(manifestPath("1.2"))).status, 200);
    for (const path of [index.descriptor.digest, good.descriptor.digest].map(manifestPath)) {
      assert.equal((await client.get(path)).status, 200, path);
    }
    assert.equal((await client.get(blobPath(good.layers[0]?.digest))).status, 200);
    for (const door of doors) assert.equal((await client.get(door)).status, 403, door);
  });
}

test("a client that requests HEAD of an allowed tag and then GET of its digest, as docker does, gets it, also from another process", async (t) => {
  const scope = new Scope(t);
  const { fake, good, index } = await withTwoImages(scope);
  const rules = new ContentRules([`${name}:1.2`], []);
  const first = await runProxy(scope, fake.url, { rules });
  const second = await runProxy(scope, fake.url, { rules, root: first.root });
  await first.client.head(manifestPath("1.2"));
  assert.equal((await second.client.get(manifestPath(index.descriptor.digest))).status, 200);
  assert.equal((await first.client.get(manifestPath(good.descriptor.digest))).status, 200);
  assert.equal((await second.client.get(blobPath(good.config.digest))).status, 200);
});

test("what an allowed tag pointed to before it moved can still be pulled by its digest", async (t) => {
  const scope = new Scope(t);
  const { fake, index } = await withTwoImages(scope);
  const rules = new ContentRules([`${name}:1.2`], []);
  const { client, root } = await runProxy(scope, fake.url, { rules });
  await client.get(manifestPath("1.2"));
  fake.store.addImage(name, [seededBytes("newer", 1_000)], "1.2");
  await client.get(manifestPath("1.2"));
  const { client: later } = await runProxy(scope, fake.url, { rules, root });
  assert.equal((await later.get(manifestPath(index.descriptor.digest))).status, 200);
});

test("the signature of allowed content is allowed, once it was listed", async (t) => {
  const scope = new Scope(t);
  const { fake, good, index } = await withTwoImages(scope);
  const layers = [fake.store.addBlob(name, seededBytes("signature", 100))];
  const json = { mediaType: mediaTypes.ociManifest, config: good.config, layers, subject: index.descriptor };
  const signature = fake.store.addManifest(name, json);
  const { client } = await runProxy(scope, fake.url, { rules: new ContentRules([`${name}:1.2`], []) });
  await client.get(manifestPath("1.2"));
  assert.equal((await client.get(manifestPath(signature.descriptor.digest))).status, 403);
  assert.equal((await client.get(`/v2/${name}/referrers/${index.descriptor.digest}`)).status, 200);
  assert.equal((await client.get(manifestPath(signature.descriptor.digest))).status, 200);
  assert.equal((await client.get(blobPath(layers[0]?.digest))).status, 200);
});
