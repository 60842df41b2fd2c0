import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
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
testOn("minio", "versioned");

/** The contract of every driver, in a bucket of one server, below a prefix of each story's own. */
function testOn(name: StoreName, kind?: "versioned"): void {
  const scope = new Scope({ after });
  let store: ObjectStore | undefined;
  before(async () => {
    store = await startStore(scope, name);
    await makeBucket(store, "contract");
    if (kind === "versioned") await keepVersions(store, "contract");
  });
  const open = async (story: Scope) => {
    if (store === undefined) throw new Error(`${name} was not started`);
    return S3Driver.open(await settingsFor(story, store, "contract", `/${randomUUID()}/registry`));
  };
  const title = kind === undefined ? name : `${name}, a bucket that keeps versions`;
  testStorageDriver(title, open);
  testStorageChanges(title, open);
  if (kind === "versioned") return;
  testStorageRaces(title, open);
  testStaging(name, open);
  testStaging(`${name}, on the local disk`, open, (driver) => driver.machine.staging);
  testGrowingContent(name, open);
}
