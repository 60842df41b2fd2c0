import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, pushBlob, seededBytes } from "../support/content.js";
import { RawConnection, statusesIn } from "../support/raw-connection.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeUpload, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const stall = { window: 400, minimum: 1024 };
const brokenOff = "transfer cut off: the client stalled";

/** More than the kernel buffers between the two ends of a connection. */
const large = seededBytes("large", 40_000_000);

test("a stalled upload is cut off, and resumes later from where it stopped", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runBerthOnDisk(scope, { settings: { stall } });
  const bytes = seededBytes("layer", 2_000_000);
  const session = await startUpload(client, "app");
  const connection = await RawConnection.open(scope, port);
  connection.send(`PATCH ${session} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`);
  connection.send(bytes.subarray(0, 1_500_000));
  assert.deepEqual(statusesIn(await connection.closed), []);
  assert.equal(log.named(brokenOff).length, 1);
  const offset = 1_500_000;
  await waitUntil("what arrived is kept", async () => (await offsetOf(client, session)) === offset || undefined);
  await resumeUpload(client, session, { bytes, digest: digestOf(bytes), offset });
  await pullBlob(client, "app", digestOf(bytes));
});

test("an upload slower than the minimum is cut off", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope, { settings: { stall } });
  const connection = await RawConnection.open(scope, port);
  connection.send(`PATCH ${await startUpload(client, "app")} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`);
  const drip = setInterval(() => connection.send("x"), 20);
  scope.defer(() => clearInterval(drip));
  await connection.closed;
});

test("an upload that is slow but steady is not", async (t) => {
  const scope = new Scope(t);
  const { client, log } = await runBerth(scope, { settings: { stall: { window: 1000, minimum: 1024 } } });
  const sender = client.start("PATCH", await startUpload(client, "app"));
  for (let count = 0; count < 25; count++) {
    await sender.send(Buffer.alloc(2000));
    await delay(100);
  }
  assert.equal((await sender.end()).status, 202);
  assert.deepEqual(log.named(brokenOff), []);
});

test("no client is cut off because Berth itself stood still", async (t) => {
  const { client, log } = await runBerth(new Scope(t), { settings: { stall } });
  const sender = client.start("PATCH", await startUpload(client, "app"));
  await sender.send(Buffer.alloc(2000));
  await delay(stall.window / 2);
  const until = performance.now() + 3 * stall.window;
  while (performance.now() < until);
  await sender.send(Buffer.alloc(2000));
  assert.equal((await sender.end()).status, 202);
  assert.deepEqual(log.named(brokenOff), []);
});

test("a download that is not read is cut off", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runBerthOnDisk(scope, { settings: { stall } });
  await pushBlob(client, "app", large);
  const connection = await RawConnection.open(scope, port);
  connection.socket.pause();
  connection.send(`GET /v2/app/blobs/${digestOf(large)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await waitUntil("it is cut off", () => log.named(brokenOff)[0]);
  await waitUntil("it is logged as cut", () => log.named("request").find(({ cut }) => cut === true));
  connection.socket.resume();
  assert.ok((await connection.closed).length < large.length);
});

test("a client that waits for Berth is not cut off, however long it takes", async (t) => {
  const scope = new Scope(t);
  const { client, storage, log } = await runBerth(scope, { settings: { stall } });
  const session = await startUpload(client, "app");
  const id = session.slice(session.lastIndexOf("/") + 1);
  let release = () => {};
  const busy = storage.uploads.locked(id, () => new Promise<void>((resolve) => (release = resolve)));
  const patched = client.request("PATCH", session, { body: seededBytes("layer", 1000) });
  await delay(stall.window * 3);
  release();
  await busy;
  assert.equal((await patched).status, 202);
  assert.deepEqual(log.named(brokenOff), []);
});

test("a minimum of 0 never cuts off", async (t) => {
  const scope = new Scope(t);
  const { client, log } = await runBerth(scope, { settings: { stall: { window: 100, minimum: 0 } } });
  const sender = client.start("PATCH", await startUpload(client, "app"));
  await sender.send(Buffer.from("x"));
  await delay(500);
  assert.equal((await sender.end()).status, 202);
  assert.deepEqual(log.named(brokenOff), []);
});

for (const [what, sent] of [
  ["nothing", ""],
  ["half a line", "GET /v2/"],
  ["half of its headers", "GET /v2/ HTTP/1.1\r\nHost: a\r\nX: "],
] as const) {
  test(`a client that sends ${what} is disconnected`, async (t) => {
    const scope = new Scope(t);
    const { port } = await runBerth(scope, { settings: { headersTimeout: 300 } });
    const connection = await RawConnection.open(scope, port);
    connection.send(sent);
    assert.deepEqual(statusesIn(await connection.closed), [408]);
  });
}

test("a client that sends its headers very slowly is disconnected, however steady it is", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope, { settings: { headersTimeout: 500 } });
  const connection = await RawConnection.open(scope, port);
  connection.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n");
  const drip = setInterval(() => connection.send("X: y\r\n"), 50);
  scope.defer(() => clearInterval(drip));
  assert.deepEqual(statusesIn(await connection.closed), [408]);
});

test("an idle connection may be reused, and is closed after a while", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope, { settings: { keepAlive: 4000 } });
  const connection = await RawConnection.open(scope, port);
  for (let count = 1; count <= 3; count++) {
    connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await connection.receive(new RegExp(`(HTTP/1.1 200[^]*){${count}}ok`));
  }
  assert.deepEqual(statusesIn(await connection.closed), [200, 200, 200]);
});

test("slow readers of one large blob do not use more memory, and a fast one is not delayed", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerthOnDisk(scope);
  await pushBlob(client, "app", large);
  const target = `/v2/app/blobs/${digestOf(large)}`;
  const before = process.memoryUsage.rss();
  for (let count = 0; count < 20; count++) {
    const reader = await RawConnection.open(scope, port);
    reader.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await reader.receive(/HTTP\/1\.1 200/);
    reader.socket.pause();
  }
  const opened = await client.open("GET", target);
  let received = 0;
  for await (const chunk of opened.stream) received += chunk.length;
  assert.equal(received, large.length);
  const grown = process.memoryUsage.rss() - before;
  assert.ok(grown < 300 * 1024 * 1024, `20 readers of 40 MB took ${grown >> 20} MiB`);
});
