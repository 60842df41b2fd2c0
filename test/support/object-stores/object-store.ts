import {
  CreateBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { type Digest, isDigest } from "../../../src/oci/digest.js";
import type { S3Settings } from "../../../src/storage/drivers/s3/s3-settings.js";
import { Daemon } from "../daemon.js";
import { freePort } from "../free-port.js";
import type { Scope } from "../scope.js";

/** Of every store of the tests. */
export const keys = { accessKeyId: "berth-tests", secretAccessKey: "berth-tests-secret" } as const;
export const region = "us-east-1";

/** A server of buckets. */
export interface ObjectStore {
  readonly daemon: Daemon;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly client: S3Client;
}

/** How a program is started that serves buckets below a folder. */
type Start = (scope: Scope, folder: string, port: number) => Daemon;

/** Its conditional writes hold, whatever races. */
const minio: Start = (scope, folder, port) =>
  new Daemon(scope, "minio", ["server", folder, "--address", `127.0.0.1:${port}`, "--quiet"], {
    MINIO_ROOT_USER: keys.accessKeyId,
    MINIO_ROOT_PASSWORD: keys.secretAccessKey,
    MINIO_BROWSER: "off",
  });

/** A gateway to folders. The conditional writes of version 1.8.0 hold, too: it checks the condition under a lock. */
const versitygw: Start = (scope, folder, port) =>
  new Daemon(scope, "versitygw", ["--port", `127.0.0.1:${port}`, "posix", folder], {
    ROOT_ACCESS_KEY: keys.accessKeyId,
    ROOT_SECRET_KEY: keys.secretAccessKey,
    VGW_REGION: region,
  });

const stores = { minio, versitygw } as const;

export type StoreName = keyof typeof stores;

export async function startStore(scope: Scope, name: StoreName): Promise<ObjectStore> {
  const port = await freePort();
  const daemon = stores[name](scope, await scope.folder(name), port);
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { ...keys } });
  scope.defer(() => client.destroy());
  await daemon.ready(() => client.send(new ListBucketsCommand()).catch(() => undefined));
  return { daemon, endpoint, ...keys, client };
}

export async function makeBucket(store: ObjectStore, name: string): Promise<void> {
  await store.client.send(new CreateBucketCommand({ Bucket: name }));
}

/** What is deleted or replaced there from now on stays as an older version. */
export async function keepVersions(store: ObjectStore, bucket: string): Promise<void> {
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await store.client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
}

/** Digests of all blobs below a prefix of a bucket that have bytes, sorted. */
export async function blobsInBucket({ client }: ObjectStore, bucket: string, prefix: string): Promise<Digest[]> {
  const digests: string[] = [];
  const Prefix = `${prefix}/docker/registry/v2/blobs/`;
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken: next }));
    for (const { Key = "" } of page.Contents ?? []) {
      const [algorithm, , hex, file] = Key.slice(Prefix.length).split("/");
      if (file === "data") digests.push(`${algorithm}:${hex}`);
    }
    next = page.NextContinuationToken;
  }
  return digests.filter(isDigest).sort();
}

/** Settings for a bucket, with a staging folder of their own: as those of one more machine. */
export async function settingsFor(
  scope: Scope,
  { endpoint }: Pick<ObjectStore, "endpoint">,
  bucket: string,
  prefix = "",
): Promise<S3Settings> {
  return {
    ...keys,
    bucket,
    prefix,
    endpoint,
    region,
    pathStyle: undefined,
    sessionToken: undefined,
    roleArn: undefined,
    caFile: undefined,
    sse: "none",
    sseKmsKeyId: undefined,
    storageClass: undefined,
    partSize: 8 * 1024 * 1024,
    equalParts: false,
    tagFreshness: 1_000,
    redirect: undefined,
    localCache: undefined,
    staging: await scope.folder("staging"),
  };
}
