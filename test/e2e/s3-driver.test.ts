import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { testStorageChanges } from "../contract/storage-changes.js";
import { testStorageDriver } from "../contract/storage-driver.js";
import { testStorageRaces } from "../contract/storage-races.js";
import { testGrowingContent, testStaging } from "../contract/storage-staging.js";
import {
  keepVersions,
  makeBucket,
  type ObjectStore,
  type StoreName,
  settingsFor,
  startStore,
} from "../support/object-stores/object-store.js";
import { Scope } from "../support/scope.js";

testOn("minio");
testOn("versitygw");

/** The contract in such a bucket: `test/contract/s3-driver.test.ts`. */
test("minio: in a bucket that keeps versions, what was deleted is in no list", async (t) => {
  const own = new Scope(t);
  const store = await startStore(own, "minio");
  await makeBucket(store, "versions");
  await keepVersions(store, "versions");
  const driver = await S3Driver.open(await settingsFor(own, store, "versions"));
  for (const key of ["tags/a/link", "tags/a-b/link", "tags/c"]) await driver.write({ key, content: Buffer.from("x") });
  await driver.remove("tags/a");
  assert.deepEqual(await driver.list("tags"), ["a-b", "c"]);
  await driver.remove("tags/a-b", "tags/c");
  assert.deepEqual(await driver.list("tags"), []);
});

/** The contract of every driver, in a bucket of one server, below a prefix of each story's own. */
function testOn(name: StoreName): void {
  const scope = new Scope({ after });
  let store: ObjectStore | undefined;
  before(async () => {
    store = await startStore(scope, name);
    await makeBucket(store, "contract");
  });
  const open = async (story: Scope) => {
    if (store === undefined) throw new Error(`${name} was not started`);
    return S3Driver.open(await settingsFor(story, store, "contract", `/${randomUUID()}/registry`));
  };
  testStorageDriver(name, open);
  testStaging(name, open);
  testStaging(`${name}, on the local disk`, open, (driver) => driver.machine.staging);
  testGrowingContent(name, open);
  testStorageChanges(name, open);
  testStorageRaces(name, open);
}
