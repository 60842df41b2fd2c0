import { strict as assert } from "node:assert";
import { test } from "node:test";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { testStorageChanges } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";
import { testStorageRaces } from "./storage-races.js";
import { testGrowingContent, testStaging } from "./storage-staging.js";

/** Real stores are in the second tier: `test/e2e/s3-driver.test.ts`. */
async function open(scope: Scope): Promise<S3Driver> {
  return S3Driver.open(await settingsFor(scope, await FakeStore.start(scope), "images", "/own"));
}

async function openVersioned(scope: Scope): Promise<S3Driver> {
  const store = await FakeStore.start(scope);
  store.keepVersions();
  return S3Driver.open(await settingsFor(scope, store, "images", "/own"));
}

/** As Garage and older servers are. */
async function openWeak(scope: Scope): Promise<S3Driver> {
  const store = await FakeStore.start(scope);
  store.checkConditionsEarly();
  return S3Driver.open(await settingsFor(scope, store, "images", "/own"));
}

testStorageDriver("s3", open);
testStorageDriver("s3, without conditional writes that hold", openWeak);
testStorageChanges("s3, without conditional writes that hold", openWeak);
testStaging("s3, without conditional writes that hold", openWeak);
testStorageDriver("s3, in a bucket that keeps versions", openVersioned);
testStorageChanges("s3, in a bucket that keeps versions", openVersioned);
testStaging("s3", open);
testStaging("s3, on the local disk", open, (driver) => driver.machine.staging);
testGrowingContent("s3", open);
testStorageChanges("s3", open);
testStorageRaces("s3", open);

test("s3, in a bucket that keeps versions: a list skips what is below a child, and the log says that deletions free nothing", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  store.keepVersions();
  const log = new RecordedLog();
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"), log);
  assert.match(JSON.stringify(log), /takes room until a lifecycle rule/);
  for (const name of ["a", "b", "c"])
    for (let number = 0; number < 2_500; number++) store.replace(`list/${name}/${number}`, Buffer.alloc(0));
  const before = store.faults.requests.length;
  assert.deepEqual(await driver.list("list"), ["a", "b", "c"]);
  assert.ok(store.faults.requests.length - before <= 4);
});
