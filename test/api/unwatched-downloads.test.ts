import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { type Fault, stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RawConnection } from "../support/raw-connection.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/app");
const size = 100_000;

/** As of an endless blob: no length, and a few bytes that more seem to follow. */
const withoutEnd: Fault = (reply, request) =>
  stallAt(50_000)({ ...reply, headers: { ...reply.headers, "content-length": "" } }, request);

/** A cache whose upstream finishes none of its blobs. */
async function runWith(scope: Scope, count: number, fault: Fault) {
  const fake = await FakeUpstream.start(scope);
  const digests = Array.from({ length: count }, (_, number) => {
    const blob = seededBytes(`blob ${number}`, size);
    fake.store.addBlob(name, blob);
    return digestOf(blob);
  });
  fake.faults.add({ kind: "blob", method: "GET" }, fault);
  return { fake, digests, ...(await runProxy(scope, fake.url)) };
}

/** A client that has requested a blob. */
async function askFor(scope: Scope, { port }: RunningProxy, digest: Digest | undefined): Promise<RawConnection> {
  const connection = await RawConnection.open(scope, port);
  connection.send(`GET /v2/${name}/blobs/${digest} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return connection;
}

/** A client that has some of a blob, and not all of it. */
async function askAndReceive(scope: Scope, proxy: RunningProxy, digest: Digest): Promise<RawConnection> {
  const connection = await askFor(scope, proxy, digest);
  await connection.receive(/200 OK[\s\S]*\r\n\r\n[\s\S]{100}/);
  return connection;
}

async function leave({ socket, closed }: RawConnection): Promise<void> {
  socket.destroy();
  await closed;
}

/** Clients that leave as soon as they have some of it. */
async function askAndLeave(scope: Scope, proxy: RunningProxy, digests: readonly Digest[]): Promise<void> {
  for (const digest of digests) await leave(await askAndReceive(scope, proxy, digest));
}

async function untilUnfinished({ storage }: RunningProxy, most: number): Promise<number> {
  return waitUntil(`no more than ${most} downloads are left`, async () => {
    const { length } = await storage.downloads.list();
    return length <= most ? length : undefined;
  });
}

test("of endless blobs, few continue when their clients have left, and nothing is left of the others", async (t) => {
  const scope = new Scope(t);
  const proxy = await runWith(scope, 30, withoutEnd);
  await askAndLeave(scope, proxy, proxy.digests);
  assert.ok((await untilUnfinished(proxy, 8)) > 0);
  assert.equal(
    proxy.fake.ledger.count({ kind: "blob", method: "GET" }),
    30,
    "a download that was given up started again",
  );
});

test("of blobs of known size, as many continue without a client as a few images have layers", async (t) => {
  const scope = new Scope(t);
  const proxy = await runWith(scope, 70, stallAt(50_000));
  await askAndLeave(scope, proxy, proxy.digests);
  assert.equal(await untilUnfinished(proxy, 64), 64);
});

test("a download that was given up starts again for the next client", async (t) => {
  const scope = new Scope(t);
  const proxy = await runWith(scope, 9, withoutEnd);
  await askAndLeave(scope, proxy, proxy.digests);
  await untilUnfinished(proxy, 8);
  proxy.fake.faults.clear();
  const [last] = proxy.digests.slice(-1);
  assert.ok((await proxy.client.get(`/v2/${name}/blobs/${last}`)).body.equals(seededBytes("blob 8", size)));
});

test("a client that left many downloads at once waits for its next cold blob, and not for one that is downloaded", async (t) => {
  const scope = new Scope(t);
  const proxy = await runWith(scope, 121, withoutEnd);
  const cold = proxy.digests.at(-1);
  const all = await Promise.all(proxy.digests.slice(0, 120).map((digest) => askAndReceive(scope, proxy, digest)));
  await Promise.all(all.map(leave));
  await untilUnfinished(proxy, 8);
  const waiting = await askFor(scope, proxy, cold);
  const running = (await proxy.storage.downloads.list()).map(({ digest }) => digest);
  assert.ok(running.length > 0);
  await askAndLeave(scope, proxy, running.slice(0, 1));
  assert.equal(waiting.received, "");
  assert.equal(proxy.fake.ledger.count({ kind: "blob", method: "GET" }), 120);
});
