import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Cluster } from "../../src/cluster/cluster.js";
import { ClusterKeys } from "../../src/cluster/cluster-keys.js";
import { parseReplica, type Replica } from "../../src/cluster/replica.js";
import { ReplicaClient, ReplicaError } from "../../src/cluster/replica-client.js";
import { signRequest } from "../../src/cluster/signatures.js";
import { digestOf } from "../../src/oci/digest.js";
import { RecordedLog } from "../support/recorded-log.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

const host = "127.0.0.1";
const keys = new ClusterKeys([Buffer.alloc(32, "secret")]);
const bytes = Buffer.from("growing");
const digest = digestOf(bytes);
const signal = new AbortController().signal;

interface Listening {
  readonly cluster: Cluster;
  readonly replica: Replica;
  readonly client: RegistryClient;
  readonly log: RecordedLog;
}

async function listen(scope: Scope): Promise<Listening> {
  const log = new RecordedLog();
  const place = { listen: { host, port: 0 }, advertise: { host, port: undefined } };
  const cluster = await Cluster.join(place, keys, log);
  scope.defer(() => cluster.close());
  const replica = parseReplica(cluster.self);
  assert.ok(replica);
  cluster.offers.offer(digest, {
    size: bytes.length,
    untilArriving: async () => {},
    from: async function* (position) {
      yield bytes.subarray(position);
    },
  });
  return { cluster, replica, log, client: new RegistryClient(`http://${replica.address}`) };
}

function clientOf(scope: Scope, ownKeys = keys): ReplicaClient {
  const client = new ReplicaClient(ownKeys);
  scope.defer(() => client.close());
  return client;
}

test("a replica reads a growing blob from where it wants", async (t) => {
  const scope = new Scope(t);
  const { replica } = await listen(scope);
  const blob = await clientOf(scope).openBlob(replica, digest, 4, signal);
  const pieces: Buffer[] = [];
  for await (const piece of blob.content) pieces.push(piece);
  assert.equal(blob.size, bytes.length);
  assert.equal(Buffer.concat(pieces).toString(), "ing");
});

test("whoever has no key gets 401 to everything, without a word, and the log tells it once", async (t) => {
  const { client, replica, log } = await listen(new Scope(t));
  const path = `/${replica.instance}/blobs/${digest}/0`;
  const other = new ClusterKeys([Buffer.alloc(32, "another")]);
  for (const [method, target, headers] of [
    ["GET", path, {}],
    ["GET", `/${replica.instance}/alive`, {}],
    ["GET", "/", {}],
    ["GET", "/v2/", {}],
    ["GET", path, signRequest(other, path)],
    ["GET", path, signRequest(keys, `${path}0`)],
    ["GET", path, signRequest(keys, path, Date.now() - 10 * 60_000)],
    ["POST", path, signRequest(keys, path)],
  ] as const) {
    const answer = await client.request(method, target, { headers: { ...headers } });
    assert.deepEqual([answer.status, answer.body.length], [401, 0], `${method} ${target}`);
  }
  assert.equal(
    log.levelsOf("a request to the port of replicas was refused; replicas need the same key and right clocks").length,
    1,
  );
});

test("a recorded request is refused, also at another replica", async (t) => {
  const scope = new Scope(t);
  const [one, other] = [await listen(scope), await listen(scope)];
  const path = `/${one.replica.instance}/blobs/${digest}/0`;
  const headers = { ...signRequest(keys, path) };
  assert.equal((await one.client.request("GET", path, { headers })).status, 200);
  assert.equal((await one.client.request("GET", path, { headers })).status, 401);
  assert.equal((await other.client.request("GET", path, { headers })).status, 410);
});

test("nothing but growing blobs can be had, however a path is written", async (t) => {
  const { client, replica } = await listen(new Scope(t));
  const stored = digestOf(Buffer.from("stored"));
  for (const what of [
    `blobs/${stored}/0`,
    `blobs/${digest}/8`,
    `blobs/${digest}/-1`,
    `blobs/${digest}/1e1`,
    `blobs/${digest}/`,
    `blobs/${digest}`,
    `blobs/../../etc/passwd/0`,
    `blobs/${digest}/0/0`,
    "",
    "alive/0",
    "uploads",
  ]) {
    const path = `/${replica.instance}/${what}`;
    const { status } = await client.request("GET", path, { headers: { ...signRequest(keys, path) } });
    assert.equal(status, 404, what);
  }
});

test("a replica that was restarted under the same address has ended", async (t) => {
  const scope = new Scope(t);
  const { replica } = await listen(scope);
  const former = { ...replica, instance: "0b5b5a5e-1f3c-4f0c-9d3e-2d8f5a1f7c11" };
  await assert.rejects(clientOf(scope).openBlob(former, digest, 0, signal), isFailure("ended"));
});

test("a replica whose port is closed has ended if it had answered, and is unreachable otherwise", async (t) => {
  const scope = new Scope(t);
  const { cluster, replica } = await listen(scope);
  const [known, unknown] = [clientOf(scope), clientOf(scope)];
  await known.requireAlive(replica);
  cluster.close();
  await assert.rejects(known.requireAlive(replica), isFailure("ended"));
  await assert.rejects(unknown.requireAlive(replica), isFailure("unreachable"));
});

test("somebody else at a replica's address is not believed, whatever it answers", async (t) => {
  const scope = new Scope(t);
  for (const status of [200, 204, 401, 404, 410]) {
    const server = createServer((_, response) => response.writeHead(status, { "berth-size": "7" }).end());
    server.listen(0, host);
    await once(server, "listening");
    scope.defer(() => server.close());
    // The address of a server on a port, not on a pipe, is of this kind.
    const { port } = server.address() as AddressInfo;
    const replica = { address: `${host}:${port}`, instance: "0b5b5a5e-1f3c-4f0c-9d3e-2d8f5a1f7c11" };
    await assert.rejects(clientOf(scope).openBlob(replica, digest, 0, signal), isFailure("unreachable"));
  }
});

function isFailure(failure: ReplicaError["failure"]) {
  return (error: unknown) => error instanceof ReplicaError && error.failure === failure;
}
