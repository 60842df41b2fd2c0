import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ApiClient } from "../support/api-client.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("team/app");

test("a pull by tag counts for the manifest, and a HEAD, a look by the page and a push do not", async (t) => {
  const { client, storage } = await runBerth(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "1.0" });
  const api = new ApiClient(client);
  const lastPull = () => storage.uses.lastPull(name, descriptor.digest);
  await client.head(`/v2/${name}/manifests/1.0`);
  await client.head(`/v2/${name}/manifests/${descriptor.digest}`);
  await api.get("image", { repository: name, reference: "1.0" });
  assert.equal(await lastPull(), undefined);
  await client.get(`/v2/${name}/manifests/1.0`);
  const pulledMs = await lastPull();
  assert.ok(pulledMs !== undefined && Math.abs(Date.now() - pulledMs) < 60_000);
  const shown = await api.get("image", { repository: name, reference: descriptor.digest });
  assert.equal(Date.parse(shown.pulledAt), pulledMs);
});

test("the last pull of a private image is known after a restart", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const digest = await Scope.during(async (before) => {
    const { client } = await runBerth(before, { root });
    const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "1.0" });
    await client.get(`/v2/${name}/manifests/1.0`);
    return descriptor.digest;
  });
  const { storage } = await runBerth(scope, { root });
  assert.ok(await storage.uses.lastPull(name, digest));
});

test("the last pull of a cached image is told like that of a private one; a HEAD is only a use", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const cached = parseRepositoryName("library/alpine");
  const { descriptor } = fake.store.addImage(cached, [Buffer.from("layer")], "3");
  const { client, storage } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  await client.get(`/v2/${cached}/manifests/3`);
  const pulledMs = await storage.uses.lastPull(cached, descriptor.digest);
  assert.ok(pulledMs);
  await waitUntil("the clock shows a later time", () => Date.now() > pulledMs);
  await client.head(`/v2/${cached}/manifests/3`);
  assert.equal(await storage.uses.lastPull(cached, descriptor.digest), pulledMs);
  assert.ok(((await storage.uses.lastUse(cached, descriptor.digest)) ?? 0) > pulledMs);
});
