import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import type { Scope } from "../support/scope.js";
import { testStorageChanges } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";
import { testStorageRaces } from "./storage-races.js";
import { testGrowingContent, testStaging } from "./storage-staging.js";

/** Real stores are in the second tier: `test/e2e/s3-driver.test.ts`. */
async function open(scope: Scope): Promise<S3Driver> {
  return S3Driver.open(await settingsFor(scope, await FakeStore.start(scope), "images", "/own"));
}

testStorageDriver("s3", open);
testStaging("s3", open);
testStaging("s3, on the local disk", open, (driver) => driver.machine.staging);
testGrowingContent("s3", open);
testStorageChanges("s3", open);
testStorageRaces("s3", open);
