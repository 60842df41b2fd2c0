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
  /** `storage.verify` */
  readonly verify?: number;
}

/** A Berth in this process on a bucket of a store in this process. Several of them are replicas. */
export async function runBerthOnBucket(
  scope: Scope,
  store: FakeStore,
  { s3, verify, ...options }: BucketBerthOptions = {},
): Promise<RunningBerth> {
  const settings = { ...(await settingsFor(scope, store, "images")), ...s3 };
  const opened = new Storage(await S3Driver.open(settings), cacheBytes, new RecordedLog());
  const { bucket, redirect } = settings;
  // Written as in a file: without what is not given, and with times as text.
  const written = redirect && JSON.parse(JSON.stringify({ ...redirect, expires: `${redirect.expires / 1000}s` }));
  const storageSection = {
    driver: "s3" as const,
    ...(verify !== undefined && { verify }),
    s3: { bucket, ...(written && { redirect: written }) },
  };
  return runBerth(scope, { ...options, opened, storageSection });
}
