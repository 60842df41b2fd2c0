import { randomBytes } from "node:crypto";
import { Cluster } from "../../../src/cluster/cluster.js";
import { ClusterKeys } from "../../../src/cluster/cluster-keys.js";
import { S3Driver } from "../../../src/storage/drivers/s3/s3-driver.js";
import type { S3Settings } from "../../../src/storage/drivers/s3/s3-settings.js";
import { Storage } from "../../../src/storage/storage.js";
import { RecordedLog } from "../recorded-log.js";
import { type RunningProxy, runProxy } from "../running-proxy.js";
import type { Scope } from "../scope.js";
import type { FakeStore } from "./fake-store.js";
import { settingsFor } from "./object-store.js";

/** A cache that shares a bucket and its downloads with others, as on a machine of its own. */
export interface CachedReplica extends RunningProxy {
  readonly cluster: Cluster;
}

interface ReplicaOptions
  extends Pick<NonNullable<Parameters<typeof runProxy>[2]>, "finishDownloads" | "maxSize" | "tagTtl"> {
  /** The secret that it shares with others; by default the same for all of a test file. */
  readonly secret?: Buffer;
  readonly settings?: Partial<S3Settings>;
}

const secretOfAll = randomBytes(32);

/** One more replica of the cluster of a test file. */
export async function joinCluster(scope: Scope, secret: Buffer = secretOfAll): Promise<Cluster> {
  const host = "127.0.0.1";
  const place = { listen: { host, port: 0 }, advertise: { host, port: undefined } };
  const cluster = await Cluster.join(place, new ClusterKeys([secret]), new RecordedLog());
  scope.defer(() => cluster.close());
  return cluster;
}

export async function startCachedReplica(
  scope: Scope,
  store: FakeStore,
  upstreamUrl: string,
  { secret, settings, ...options }: ReplicaOptions = {},
): Promise<CachedReplica> {
  const driver = await S3Driver.open({ ...(await settingsFor(scope, store, "images")), ...settings });
  const cluster = await joinCluster(scope, secret);
  const opened = new Storage(driver, 1024 * 1024, new RecordedLog());
  return { cluster, ...(await runProxy(scope, upstreamUrl, { opened, cluster, ...options })) };
}
