import { type BerthOptions, type BerthProcess, startBerth } from "../berth-process.js";
import { startRoundRobin } from "../nginx.js";
import { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";
import { type ObjectStore, region } from "./object-store.js";

/** Several Berths on one bucket, as on several machines, and one address in front of them. */
export interface Replicas {
  readonly members: readonly BerthProcess[];
  /** Of the load balancer, which sends each request to the next one. */
  readonly host: string;
  readonly client: RegistryClient;
}

/** The section `storage` of a Berth on a bucket, with a staging folder of its own. */
export async function storageIn(scope: Scope, store: ObjectStore, bucket: string): Promise<Record<string, unknown>> {
  const { endpoint, accessKeyId, secretAccessKey } = store;
  const staging = await scope.folder("staging");
  return { driver: "s3", s3: { bucket, region, endpoint, accessKeyId, secretAccessKey, staging, prefix: "/own" } };
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
