import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BerthOptions, type BerthProcess, startBerth } from "../berth-process.js";
import { freePort } from "../free-port.js";
import { startRoundRobin } from "../nginx.js";
import { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";
import { keys, type ObjectStore, region } from "./object-store.js";

/** Several Berths on one bucket, as on several machines, and one address in front of them. */
export interface Replicas {
  readonly members: readonly BerthProcess[];
  /** Of the load balancer, which sends each request to the next one. */
  readonly host: string;
  readonly client: RegistryClient;
}

/** The section `storage` of a Berth on a bucket, with a staging folder of its own. */
export async function storageIn(
  scope: Scope,
  { endpoint }: Pick<ObjectStore, "endpoint">,
  bucket: string,
): Promise<Record<string, unknown>> {
  const staging = await scope.folder("staging");
  return { driver: "s3", s3: { ...keys, bucket, region, endpoint, staging, prefix: "/own" } };
}

export async function startReplicas(
  scope: Scope,
  store: ObjectStore,
  bucket: string,
  { count = 2, ...options }: BerthOptions & { readonly count?: number } = {},
): Promise<Replicas> {
  const starting = Array.from({ length: count }, async () =>
    startBerth(scope, { ...options, storage: await storageIn(scope, store, bucket) }),
  );
  const members = await Promise.all(starting);
  const host = await startRoundRobin(
    scope,
    members.map((member) => member.host),
  );
  return { members, host, client: new RegistryClient(`http://${host}`) };
}

interface ClusterOptions extends BerthOptions {
  readonly count?: number;
  /** What differs from one replica to the next. */
  readonly each?: (index: number) => BerthOptions;
}

/** Replicas that share what they download or receive, each reached directly. */
export async function startCluster(
  scope: Scope,
  store: Pick<ObjectStore, "endpoint">,
  bucket: string,
  { count = 3, each, ...options }: ClusterOptions = {},
): Promise<readonly BerthProcess[]> {
  const keyFile = join(await scope.folder("cluster"), "key");
  await writeFile(keyFile, randomBytes(32).toString("hex"));
  const starting = Array.from({ length: count }, async (_, index) =>
    startBerth(scope, {
      ...options,
      ...each?.(index),
      storage: await storageIn(scope, store, bucket),
      cluster: { listen: `127.0.0.1:${await freePort()}`, keyFile },
    }),
  );
  return Promise.all(starting);
}
