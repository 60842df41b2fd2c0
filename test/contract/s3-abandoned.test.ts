import { strict as assert } from "node:assert";
import { test } from "node:test";
import { removeAbandonedUploads } from "../../src/storage/drivers/s3/abandoned-uploads.js";
import { PartUpload } from "../../src/storage/drivers/s3/part-uploads.js";
import { S3Bucket } from "../../src/storage/drivers/s3/s3-bucket.js";
import { createClient } from "../../src/storage/drivers/s3/s3-client.js";
import { StoreCalls } from "../../src/storage/drivers/s3/store-calls.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { Scope } from "../support/scope.js";

const day = 24 * 60 * 60 * 1000;
const bytes = Buffer.from("bytes");

function story(sentence: string, tell: (store: FakeStore, bucket: S3Bucket) => Promise<void>): void {
  test(`s3: ${sentence}`, async (t) => {
    const scope = new Scope(t);
    const store = await FakeStore.start(scope);
    const settings = await settingsFor(scope, store, "images");
    await tell(store, new S3Bucket(await createClient(settings), new StoreCalls(), settings));
  });
}

story("parts without a record go after a day, and those of an upload that goes on stay", async (store, bucket) => {
  await bucket.put(".berth/staging/open", bytes);
  for (const key of ["open/one", "gone/one"]) await bucket.put(`.berth/parts/${key}`, bytes);
  await removeAbandonedUploads(bucket, undefined);
  assert.equal(store.keys().length, 3);
  await removeAbandonedUploads(bucket, undefined, Date.now() + 2 * day);
  assert.deepEqual(store.keys(), [".berth/parts/open/one", ".berth/staging/open"]);
});

story("a record that cannot be read at the moment is not gone: its parts stay", async (store, bucket) => {
  await bucket.put(".berth/staging/open", bytes);
  await bucket.put(".berth/parts/open/one", bytes);
  for (const status of [403, 500, 503]) {
    store.faults.add(/^HEAD .*staging/, { kind: "status", status, code: "Trouble" }, 20);
    await assert.rejects(removeAbandonedUploads(bucket, undefined, Date.now() + 2 * day));
  }
  assert.equal(store.keys().length, 2);
});

story("multipart uploads that nobody completes are aborted after a day, and no others", async (store, bucket) => {
  await PartUpload.start(bucket, "docker/registry/v2/blobs/sha256/ab/abc/data");
  await PartUpload.start(bucket, "of/registry2");
  await removeAbandonedUploads(bucket, undefined);
  assert.equal(store.openUploads.length, 2);
  await removeAbandonedUploads(bucket, undefined, Date.now() + 2 * day);
  assert.equal(store.openUploads.length, 1);
});
