import { S3Driver } from "../../../src/storage/drivers/s3/s3-driver.js";
import type { S3Settings } from "../../../src/storage/drivers/s3/s3-settings.js";
import { Storage } from "../../../src/storage/storage.js";
import { RecordedLog } from "../recorded-log.js";
import { type RunningBerth, type RunningBerthOptions, runBerth } from "../running-berth.js";
import type { Scope } from "../scope.js";
import type { FakeStore } from "./fake-store.js";
import { settingsFor } from "./object-store.js";

const cacheBytes = 8 * 1024 * 1024;

export interface BucketBerthOptions extends Omit<RunningBerthOptions, "opened" | "root"> {
  readonly s3?: Partial<S3Settings>;
}

/** A Berth in this process on a bucket of a store in this process. Several of them are replicas. */
export async function runBerthOnBucket(
  scope: Scope,
  store: FakeStore,
  { s3, ...options }: BucketBerthOptions = {},
): Promise<RunningBerth> {
  const driver = await S3Driver.open({ ...(await settingsFor(scope, store, "images")), ...s3 });
  return runBerth(scope, { ...options, opened: new Storage(driver, cacheBytes, new RecordedLog()) });
}
