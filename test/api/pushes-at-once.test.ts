import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import {
  listTags,
  pullBlob,
  pullManifest,
  pullWhole,
  pushBlob,
  pushManifest,
  seededBytes,
} from "../support/content.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { emptyConfig, pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";

const clients = Array.from({ length: 24 }, (_, number) => number);

test("many clients push one blob at once, and it is stored once", async (t) => {
  const { client, root } = await runBerthOnDisk(new Scope(t));
  const bytes = seededBytes("layer", 300_000);
  const digest = digestOf(bytes);
  const target = `/v2/app/blobs/uploads/?digest=${digest}`;
  await Promise.all(
    clients.map(async (number) => {
      if (number % 2 === 0) return pushBlob(client, number % 4 === 0 ? "app" : `app${number}`, bytes);
      assert.equal((await client.request("POST", target, { body: bytes })).status, 201);
    }),
  );
  await pullBlob(client, "app", digest);
  const stored = await readdir(join(root, "docker/registry/v2/blobs"), { recursive: true });
  assert.equal(stored.filter((file) => file.endsWith("/data")).length, 1);
  assert.deepEqual(await readdir(join(root, ".berth/scratch")), []);
});

test("of many concurrent pushes of one tag one wins, and the tag is complete at every moment", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const images = clients.map((number) => smallImage(`layer ${number}`));
  for (const number of clients) await pushBlobsOf(client, "app", `layer ${number}`);
  await pushManifest(client, "app", smallImage("layer 0"), "latest");
  const pushing = Promise.all(images.map((image) => pushManifest(client, "app", image, "latest")));
  let isOver = false;
  const over = pushing.then(() => {
    isOver = true;
  });
  while (!isOver) await pullManifest(client, "app", "latest");
  await over;
  const { digest } = await pullManifest(client, "app", "latest");
  assert.ok(images.some(({ descriptor }) => descriptor.digest === digest));
  assert.deepEqual(await listTags(client, "app"), ["latest"]);
  for (const { descriptor } of images) await pullManifest(client, "app", descriptor.digest);
});

test("many clients push whole images to one new repository at once", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await Promise.all(clients.map((number) => pushSmallImage(client, "app", `layer ${number}`, { tag: `v${number}` })));
  assert.equal((await listTags(client, "app")).length, clients.length);
  for (const number of clients) await pullWhole(client, "app", `v${number}`);
  const catalog = await client.get("/v2/_catalog");
  assert.deepEqual(JSON.parse(catalog.body.toString()).repositories, ["app"]);
});

test("a tag that is pushed while its manifest is deleted never points to nothing", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const image = await pushSmallImage(client, "app", "layer", { tag: "v1" });
  for (let round = 0; round < 20; round++) {
    const [deleted] = await Promise.all([
      client.request("DELETE", `/v2/app/manifests/${image.descriptor.digest}`),
      pushManifest(client, "app", image, "v1"),
    ]);
    assert.ok([202, 404].includes(deleted.status), `${deleted.status}`);
    for (const tag of await listTags(client, "app")) {
      assert.equal((await client.get(`/v2/app/manifests/${tag}`)).status, 200, `round ${round}`);
    }
  }
});

test("an image whose blob is deleted meanwhile is refused, or everything acknowledged can be pulled", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const image = smallImage("layer");
  for (let round = 0; round < 10; round++) {
    await pushBlobsOf(client, "app", "layer");
    const [deleted, pushed] = await Promise.all([
      client.request("DELETE", `/v2/app/blobs/${digestOf(emptyConfig)}`),
      client.request("PUT", "/v2/app/manifests/v1", { body: image.bytes }),
    ]);
    assert.equal(deleted.status, 202);
    assert.ok([201, 400].includes(pushed.status), `${pushed.status}`);
    assert.equal((await client.head(`/v2/app/blobs/${digestOf(emptyConfig)}`)).status, 404);
  }
});
