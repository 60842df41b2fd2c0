import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { startCachedReplica } from "../support/object-stores/cached-replicas.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 3_000_000);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;
const tagPath = `/v2/${name}/manifests/latest`;

/** What a rule of the bucket deletes behind Berth's back. */
const rules: Readonly<Record<string, RegExp>> = {
  "the bytes of blobs and manifests": /\/blobs\/.*\/data$/,
  links: /\/link$/,
  everything: /^docker\//,
};

for (const [eaten, keys] of Object.entries(rules)) {
  test(`a cache whose bucket loses ${eaten} fetches it again`, async (t) => {
    const scope = new Scope(t);
    const { store, fake, client } = await startCache(scope);
    assert.equal((await client.get(tagPath)).status, 200);
    assert.ok((await client.get(path)).body.equals(layer));
    store.lose(keys);
    const other = await startCachedReplica(scope, store, fake.url);
    for (const each of [client, other.client]) {
      assert.equal((await each.get(tagPath)).status, 200);
      assert.ok((await each.get(path)).body.equals(layer));
    }
  });
}

test("a private blob that the bucket has lost is absent, and a push brings it back", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const log = new RecordedLog();
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
  const { client } = await runBerth(scope, { opened: new Storage(driver, 1024 * 1024, log) });
  await pushBlob(client, name, layer);
  store.lose(/\/data$/);
  for (const method of ["HEAD", "GET"]) assert.equal((await client.request(method, path)).status, 404);
  assert.ok(log.events.some(({ level, fields }) => level === "warn" && fields.digest === digest));
  await pushBlob(client, name, layer);
  assert.ok((await client.get(path)).body.equals(layer));
});

async function startCache(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const store = await FakeStore.start(scope);
  return { fake, store, client: (await startCachedReplica(scope, store, fake.url)).client };
}
