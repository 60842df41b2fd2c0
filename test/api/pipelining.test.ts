import { strict as assert } from "node:assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, readlinkSync } from "node:fs";
import { IncomingMessage } from "node:http";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { silence } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RawConnection, statusesIn } from "../support/raw-connection.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

test("thousands of requests on one connection open few files, and others are served meanwhile", async (t) => {
  const scope = new Scope(t);
  const { client, port, root, log } = await runBerthOnDisk(scope);
  const bytes = seededBytes("layer", 4_000_000);
  await pushBlob(client, "app", bytes);
  const target = `/v2/app/blobs/${digestOf(bytes)}`;
  const connection = await RawConnection.open(scope, port);
  connection.socket.pause();
  connection.send(get(target).repeat(5_000));
  await waitUntil("the first ones have begun", () => openFilesIn(root) > 0 || undefined);
  for (let round = 0; round < 20; round++) assert.equal((await client.head(target)).status, 200);
  assert.ok(openFilesIn(root) <= 5, `${openFilesIn(root)} files of the data directory are open`);
  connection.socket.destroy();
  await waitUntil("all are closed", () => openFilesIn(root) === 0 || undefined);
  assert.ok(log.named("request").length < 100, "no request of a lost connection is begun");
});

test("all requests that one connection sends at once are answered, in order", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  const numbers = Array.from({ length: 3_000 }, (_, number) => number);
  connection.send(numbers.map((number) => get(`/v2/a/tags/list?n=1&last=${number}`)).join(""));
  connection.send(`GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const statuses = statusesIn(await connection.closed);
  assert.deepEqual(statuses, [...numbers.map(() => 404), 200]);
});

test("thousands of requests that are read together keep another client waiting for only a few of them", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runBerth(scope);
  const flood = await RawConnection.open(scope, port);
  const linesAtAnswer = new Promise<number>((resolve, reject) => {
    // Sent when the first response to the flood is here, while thousands of its requests wait.
    flood.socket.once("data", () => {
      client.get("/healthz").then(() => resolve(log.named("request").length), reject);
    });
  });
  const crowd = get("/").repeat(2_000);
  flood.send(`${crowd}GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  assert.ok((await linesAtAnswer) < 1_500, "the other client is answered before the flood is through");
  assert.equal(statusesIn(await flood.closed).length, 2_001);
});

test("of thousands of tiny requests, few are parsed per turn of the event loop once a client has sent many", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  const turns = countParsed(scope);
  connection.send("GET / HTTP/1.1\r\nHost:a\r\n\r\n".repeat(20_000));
  await waitUntil("most of them are parsed", () => sum(turns) > 15_000 || undefined);
  const large = turns.filter((parsed) => parsed > 500);
  assert.ok(large.length <= 1, `in one turn each: ${large}`);
});

test("a request directly followed by garbage is not started", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runBerth(scope);
  const bytes = seededBytes("layer", 100_000);
  await pushBlob(client, "app", bytes);
  const before = log.named("request").length;
  const connection = await RawConnection.open(scope, port);
  connection.send(`${get(`/v2/app/blobs/${digestOf(bytes)}`)}\x16\x03\x01 garbage\r\n\r\n`);
  assert.equal(await connection.closed, "");
  assert.equal(log.named("request").length, before);
});

test("a body with a broken first chunk is refused, and its request is not started", async (t) => {
  const scope = new Scope(t);
  const { port, log } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  const head = "PUT /v2/a/manifests/t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  connection.send(`${head}1;${"x".repeat(50_000)}`);
  assert.deepEqual(statusesIn(await connection.closed), [413]);
  assert.deepEqual(log.named("request"), []);
});

test("a body after many other requests is read when it is its turn", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope);
  const bytes = seededBytes("layer", 3_000_000);
  const connection = await RawConnection.open(scope, port);
  connection.send(get("/v2/").repeat(50));
  connection.send(
    `POST /v2/app/blobs/uploads/?digest=${digestOf(bytes)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  connection.send(bytes);
  connection.send(get("/v2/").repeat(50));
  connection.send(`GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const fifty = Array.from({ length: 50 }, () => 200);
  assert.deepEqual(statusesIn(await connection.closed), [...fifty, 201, ...fifty, 200]);
  assert.equal((await client.head(`/v2/app/blobs/${digestOf(bytes)}`)).status, 200);
});

test("what a client sent before it hung up is kept, even if its connection is read in small pieces", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope);
  const bytes = seededBytes("layer", 3_000_000);
  const session = await startUpload(client, "app");
  const connection = await RawConnection.open(scope, port);
  connection.send(get("/v2/").repeat(50) + get("/last"));
  await connection.receive(/HTTP\/1\.1 404 /);
  const head = `PATCH ${session} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length + 1}\r\n\r\n`;
  connection.send(Buffer.concat([Buffer.from(head), bytes]));
  connection.socket.end();
  await connection.closed;
  await waitUntil("all that was sent is kept", async () =>
    (await offsetOf(client, session)) === bytes.length ? true : undefined,
  );
});

test("if too many requests wait on all connections, one that has the most is closed", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({ kind: "manifest" }, silence);
  const { client, port } = await runProxy(scope, fake.url);
  const waiting = "GET / HTTP/1.1\r\nHost:a\r\n\r\n";
  const connections: RawConnection[] = [];
  for (let count = 0; count < 1_500; count++) {
    const connection = await RawConnection.open(scope, port);
    connections.push(connection);
    // As many as run at once on a connection: what follows waits.
    connection.send(get("/v2/a/b/manifests/c").repeat(4));
  }
  const [most, ...others] = connections;
  assert.ok(most);
  most.send(waiting.repeat(12));
  for (const other of others) other.send(waiting.repeat(8));
  await most.closed;
  assert.equal((await client.get("/v2/")).status, 200);
});

test("many connections that send thousands of tiny requests take turns: each turn of the event loop parses few", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope);
  const connections = [];
  for (let count = 0; count < 20; count++) connections.push(await RawConnection.open(scope, port));
  const turns = countParsed(scope);
  for (const { socket } of connections) socket.pause().write("GET / HTTP/1.1\r\nHost:a\r\n\r\n".repeat(20_000));
  await waitUntil("many of them are parsed", () => sum(turns) > 50_000 || undefined);
  const large = turns.filter((parsed) => parsed > 500);
  assert.ok(large.length <= 1, `only the first one's bytes are parsed in one go; in one turn each: ${large}`);
  assert.equal((await client.get("/v2/")).status, 200);
});

test("of a body of tiny chunks, few are parsed per turn of the event loop", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope);
  const targets = [`PATCH ${await startUpload(client, "app")}`, "PUT /v2/app/manifests/v1"];
  for (const target of targets) {
    const connection = await RawConnection.open(scope, port);
    const turns = countPushed(scope);
    connection.send(`${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
    connection.send("1\r\nx\r\n".repeat(80_000));
    await waitUntil(`most chunks of ${target} are parsed`, () => sum(turns) > 60_000 || undefined);
    const large = turns.filter((parsed) => parsed > 5_000);
    assert.ok(large.length <= 1, `${target}: only its first bytes are parsed in one go; in one turn each: ${large}`);
    connection.socket.destroy();
  }
});

/** @returns how many pieces of bodies were parsed in each turn of the event loop from now on */
function countPushed(scope: Scope): number[] {
  const turns = new TurnCounter();
  const { push } = IncomingMessage.prototype;
  // Node's parser passes each piece of a body to this.
  IncomingMessage.prototype.push = function (piece, encoding) {
    turns.count();
    return push.call(this, piece, encoding);
  };
  scope.defer(() => {
    IncomingMessage.prototype.push = push;
  });
  return turns.counts;
}

/** @returns how many requests were parsed in each turn of the event loop from now on */
function countParsed(scope: Scope): number[] {
  const turns = new TurnCounter();
  const count = () => turns.count();
  subscribe("http.server.request.start", count);
  scope.defer(() => unsubscribe("http.server.request.start", count));
  return turns.counts;
}

/** Counts what happens in each turn of the event loop. */
class TurnCounter {
  readonly counts: number[] = [];
  #current = 0;

  count(): void {
    if (this.#current++ > 0) return;
    setImmediate(() => {
      this.counts.push(this.#current);
      this.#current = 0;
    });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function openFilesIn(folder: string): number {
  return readdirSync("/proc/self/fd").filter((file) => linkOf(file).startsWith(folder)).length;
}

/** Files are closed while they are listed. */
function linkOf(file: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return "";
  }
}
