import { strict as assert } from "node:assert";
import { once } from "node:events";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { layout } from "../../src/storage/layout.js";
import { expectStatus, listTags, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { compareContent, prepareCopy, pushImage, taggedIn } from "../support/storage-copy.js";
import { waitUntil } from "../support/wait-until.js";

test("what is copied from a disk to a bucket and back is served whole everywhere, and is the same", async (t) => {
  const { scope, client, other, store, copy } = await prepareCopy(t);
  for (let number = 0; number < 6; number++) await pushImage(client, `team/app${number % 3}`, `v${number}`);
  await pushBlob(client, "team/large", seededBytes("large", 40_000_000));
  const said = await copy("disk.yml", "bucket.yml");
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /^copied: 4 repositories looked at, \d+ blobs with 4\d\.\d MB/m);
  const onBucket = await runBerthOnBucket(scope, store, { s3: { prefix: "/own" } });
  await compareContent(client, onBucket.client);
  assert.equal((await copy("bucket.yml", "other.yml")).code, 0);
  const back = await runBerthOnDisk(scope, { root: other });
  await compareContent(client, back.client);
});

test("a second copy brings what has changed, removes what is gone, and keeps what others put there", async (t) => {
  const { scope, client, store, copy } = await prepareCopy(t);
  for (const tag of ["stays", "moves", "goes"]) await pushImage(client, "team/app", tag);
  await pushImage(client, "team/gone", "v1");
  assert.equal((await copy("disk.yml", "bucket.yml")).code, 0);
  const target = await runBerthOnBucket(scope, store, { s3: { prefix: "/own" } });
  await pushImage(target.client, "team/app", "of-others");
  await pushImage(client, "team/app", "moves", "moved");
  const gone = await pushImage(client, "team/app", "goes-too");
  for (const path of ["team/app/manifests/goes", `team/app/manifests/${gone}`])
    expectStatus(await client.request("DELETE", `/v2/${path}`), 202, path);
  for (const digest of await pullWhole(client, "team/gone", "v1"))
    await client.request("DELETE", `/v2/team/gone/manifests/${digest}`);

  const said = await copy("disk.yml", "bucket.yml", "--json");
  assert.equal(said.code, 0, said.stderr);
  assert.ok(JSON.parse(said.stdout).removed > 0);
  assert.deepEqual(await listTags(target.client, "team/app"), ["moves", "of-others", "stays"]);
  await pullWhole(target.client, "team/app", "of-others");
  const digestAt = async (at: RegistryClient) =>
    (await at.head("/v2/team/app/manifests/moves")).headers["docker-content-digest"];
  assert.equal(await digestAt(target.client), await digestAt(client));
  expectStatus(await target.client.get("/v2/team/gone/manifests/v1"), 404, "the deleted image");
  const before = store.faults.requests.length;
  const again = await copy("disk.yml", "bucket.yml", "--json");
  const { blobs, removed } = JSON.parse(again.stdout);
  assert.deepEqual({ blobs, removed }, { blobs: 0, removed: 0 });
  // The server of the source notes pulls, and counts of the day, at times of its own.
  const writes = store.faults.requests.slice(before).filter((each) => /^(PUT|POST) .*\/(docker|cached)\//.test(each));
  assert.deepEqual(writes, []);
});

test("a second copy brings when an image was pulled since, unless only the target has a newer time", async (t) => {
  const { client, root, store, copy } = await prepareCopy(t);
  const digest = await pushImage(client, "team/app", "v1");
  const key = layout.manifestPulled(parseRepositoryName("team/app"), digest);
  const inTarget = () => store.contentOf(`own/${key}`)?.toString();
  const pulledAt = async (hour: number) => {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), `2026-11-27T0${hour}:00:00.000Z`);
  };
  for (const hour of [1, 2]) {
    await pulledAt(hour);
    assert.equal((await copy("disk.yml", "bucket.yml")).code, 0);
    assert.equal(inTarget(), `2026-11-27T0${hour}:00:00.000Z`);
  }
  store.replace(`own/${key}`, Buffer.from("2026-11-27T03:00:00.000Z"));
  assert.equal((await copy("disk.yml", "bucket.yml")).code, 0);
  assert.equal(inTarget(), "2026-11-27T03:00:00.000Z");
});

test("a copy that was killed leaves only whole images, and is continued by the next one", async (t) => {
  const { scope, client, store, start, copy } = await prepareCopy(t);
  for (let number = 0; number < 30; number++) await pushImage(client, `team/app${number}`, "v1");
  const child = start("disk.yml", "bucket.yml");
  await waitUntil("a part is copied", () => (taggedIn(store).length > 5 ? true : undefined));
  child.kill("SIGKILL");
  await once(child, "exit");
  const target = await runBerthOnBucket(scope, store, { s3: { prefix: "/own" } });
  const copied = taggedIn(store);
  for (const name of copied) await pullWhole(target.client, name, "v1");
  const said = await copy("disk.yml", "bucket.yml", "--json");
  assert.equal(said.code, 0, said.stderr);
  for (let number = 0; number < 30; number++) await pullWhole(target.client, `team/app${number}`, "v1");
});

test("images that are pushed while a copy runs are whole in the target, or not there yet", async (t) => {
  const { scope, client, store, copy } = await prepareCopy(t);
  for (let number = 0; number < 10; number++) await pushImage(client, `team/app${number}`, "v1");
  let isOver = false;
  const pushing = (async () => {
    for (let number = 0; !isOver; number++) await pushImage(client, `team/app${number % 12}`, "busy", `busy ${number}`);
  })();
  const said = await copy("disk.yml", "bucket.yml", "--json");
  isOver = true;
  await pushing;
  assert.equal(said.code, 0, said.stderr + said.stdout);
  const target = await runBerthOnBucket(scope, store, { s3: { prefix: "/own" } });
  for (let number = 0; number < 10; number++)
    for (const tag of await listTags(target.client, `team/app${number}`))
      await pullWhole(target.client, `team/app${number}`, tag);
  assert.equal((await copy("disk.yml", "bucket.yml")).code, 0);
  await compareContent(client, target.client);
});

test("damaged and missing bytes are named, and the image that needs them is not copied by half", async (t) => {
  const { scope, client, root, store, copy } = await prepareCopy(t);
  await pushImage(client, "team/app", "whole");
  const [damaged, missing] = [seededBytes("damaged", 5_000), seededBytes("missing", 5_000)];
  for (const bytes of [damaged, missing]) await pushBlob(client, "team/app", bytes);
  await writeFile(join(root, layout.blob(digestOf(damaged))), seededBytes("something else", 5_000));
  await truncate(join(root, layout.blob(digestOf(missing))), 0);
  const said = await copy("disk.yml", "bucket.yml");
  assert.equal(said.code, 1, said.stderr);
  for (const bytes of [damaged, missing]) assert.ok(said.stdout.includes(digestOf(bytes)), said.stdout);
  const target = await runBerthOnBucket(scope, store, { s3: { prefix: "/own" } });
  await pullWhole(target.client, "team/app", "whole");
  expectStatus(await target.client.head(`/v2/team/app/blobs/${digestOf(damaged)}`), 404, "the damaged blob");
});

test("a dry run changes nothing, and a storage is not copied to itself", async (t) => {
  const { client, store, copy } = await prepareCopy(t);
  await pushImage(client, "team/app", "v1");
  const said = await copy("disk.yml", "bucket.yml", "--dry-run");
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /^would be copied: 1 repositories looked at, 3 blobs/m);
  assert.deepEqual(store.keys(), []);
  const same = await copy("disk.yml", "disk.yml");
  assert.equal(same.code, 3);
  assert.match(same.stderr, /name the same storage/);
});
