import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob } from "../support/content.js";
import { exchangeRaw, RawConnection, statusesIn } from "../support/raw-connection.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const chunked = "3\r\nabc\r\n0\r\n\r\n";
const post = (version: string, head: string, body = "") =>
  `POST /v2/a/blobs/uploads/ HTTP/${version}\r\n${head}\r\n${body}`;

for (const [what, status, request] of [
  ["HTTP/1.1 without Host", 400, post("1.1", "Content-Length: 0\r\n")],
  ["two Host headers", 400, post("1.1", "Host: a\r\nHost: b\r\nContent-Length: 0\r\n")],
  ["the same Host twice", 400, post("1.1", "Host: a\r\nhOST: a\r\nContent-Length: 0\r\n")],
  ["two Host headers with HTTP/1.0", 400, post("1.0", "Host: a\r\nHost: b\r\nContent-Length: 0\r\n")],
  ["a second Host after 2,500 headers", 431, post("1.1", `Host: a\r\n${"a:b\r\n".repeat(2_500)}Host: b\r\n`)],
  ["gzip, chunked", 400, post("1.1", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", chunked)],
  [
    "gzip and chunked in two lines",
    400,
    post("1.1", "Host: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunked),
  ],
  ["identity", 400, post("1.1", "Host: a\r\nTransfer-Encoding: identity\r\n", chunked)],
  ["chunked with a parameter", 400, post("1.1", "Host: a\r\nTransfer-Encoding: chunked;a=b\r\n", chunked)],
  ["an empty Transfer-Encoding", 400, post("1.1", "Host: a\r\nTransfer-Encoding: \r\n", chunked)],
  ["chunked with HTTP/1.0", 400, post("1.0", "Host: a\r\nTransfer-Encoding: chunked\r\n", chunked)],
  [
    "chunked together with a length",
    400,
    post("1.1", "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", chunked),
  ],
  ["HTTP/2.0", 505, post("2.0", "Host: a\r\nContent-Length: 0\r\n")],
  ["HTTP/0.9", 505, post("0.9", "Host: a\r\nContent-Length: 0\r\n")],
  ["CONNECT", 405, "CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["headers that are too large", 431, `GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`],
  [
    "chunk extensions that are too large",
    413,
    post("1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n", `3;${"x".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`),
  ],
  [
    "trailers that are too large",
    431,
    `PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
  ],
  ["no HTTP at all", 400, "\x16\x03\x01 garbage\r\n\r\n"],
] as const) {
  test(`${what}: ${status} in JSON and a line in the log, and nothing after it is run`, async (t) => {
    const scope = new Scope(t);
    const { port, log } = await runBerth(scope);
    const received = await exchangeRaw(scope, port, `${request}POST /v2/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.ok(statusesIn(received).includes(status), received);
    const [head = "", body = ""] = received.slice(received.indexOf(`HTTP/1.1 ${status}`)).split("\r\n\r\n");
    assert.match(head, /^Content-Type: application\/json\r$/m);
    assert.match(head, new RegExp(`^Content-Length: ${body.length}\r?$`, "m"));
    assert.equal(typeof JSON.parse(body).errors[0].message, "string");
    assert.equal(log.named("request refused").filter((fields) => fields.status === status).length, 1);
    assert.deepEqual(
      log.named("request").filter(({ path }) => String(path).startsWith("/v2/b/")),
      [],
    );
  });
}

test("HTTP/1.0 needs no Host", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  assert.deepEqual(statusesIn(await exchangeRaw(scope, port, "GET /v2/ HTTP/1.0\r\n\r\n")), [200]);
});

for (const expectation of ["200-ok", "100-continue, gzip", "x100-continue", ""]) {
  test(`the expectation "${expectation}" is refused with 417 in JSON`, async (t) => {
    const scope = new Scope(t);
    const { port, log } = await runBerth(scope);
    const head = `PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: ${expectation}\r\n`;
    const received = await exchangeRaw(scope, port, `${head}Content-Length: 0\r\n\r\n`);
    assert.deepEqual(statusesIn(received), [417]);
    assert.equal(JSON.parse(received.split("\r\n\r\n")[1] ?? "").errors[0].code, "UNSUPPORTED");
    assert.equal(log.named("request")[0]?.status, 417);
  });
}

test("a client that expects 100-continue is told to continue, also in upper case", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send("PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  await connection.receive(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  connection.send("{}");
  await connection.receive(/HTTP\/1\.1 400 /);
});

const bytes = Buffer.alloc(20_000_000, "B");

for (const [what, second] of [
  ["garbage", "\x16\x03\x01 garbage\r\n\r\n"],
  ["a request without Host", "GET /v2/ HTTP/1.1\r\n\r\n"],
  ["an unknown encoding", "POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  ["headers that are too large", `GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`],
  ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["half a header that never ends", "GET /v2/ HTTP/1.1\r\nX: "],
] as const) {
  test(`${what} after a GET cuts off its response, and writes nothing into it`, async (t) => {
    const scope = new Scope(t);
    const { client, port } = await runBerthOnDisk(scope, { settings: { headersTimeout: 1_000 } });
    await pushBlob(client, "app", bytes);
    const connection = await RawConnection.open(scope, port);
    connection.send(`GET /v2/app/blobs/${digestOf(bytes)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await connection.receive(/^HTTP\/1\.1 200 OK/);
    connection.socket.pause();
    connection.send(second);
    const refused = () => connection.socket.destroyed || undefined;
    const reading = setTimeout(() => connection.socket.resume(), 1_500);
    await waitUntil("the connection breaks", refused);
    clearTimeout(reading);
    const body = connection.received.slice(connection.received.indexOf("\r\n\r\n") + 4);
    assert.match(body, /^B*$/);
    assert.ok(body.length < bytes.length);
  });
}

test("what follows the last request of a connection does not disturb its response", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerthOnDisk(scope);
  await pushBlob(client, "app", bytes);
  const last = `GET /v2/app/blobs/${digestOf(bytes)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  const received = await exchangeRaw(
    scope,
    port,
    `${last}DELETE /v2/app/blobs/${digestOf(bytes)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  assert.equal(received.slice(received.indexOf("\r\n\r\n") + 4), bytes.toString());
  assert.equal((await client.head(`/v2/app/blobs/${digestOf(bytes)}`)).status, 200);
});

test("a broken body is refused as such, and what arrived of it is kept", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerthOnDisk(scope);
  const session = await startUpload(client, "app");
  const connection = await RawConnection.open(scope, port);
  connection.send(`PATCH ${session} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  const isKept = async () => (await offsetOf(client, session)) === 3 || undefined;
  await waitUntil("it has arrived", isKept);
  connection.send("nonsense\r\n");
  assert.deepEqual(statusesIn(await connection.closed), [400]);
  await waitUntil("it is kept", isKept);
});

test("a client that never closes after its refusal is cut off", async (t) => {
  const scope = new Scope(t);
  const { server, port } = await runBerth(scope, { settings: { headersTimeout: 300 } });
  const connections: RawConnection[] = [];
  for (const content of ["GET / HTTP/1.1\r\nX: ", "garbage\r\n\r\n", ""]) {
    const connection = await RawConnection.open(scope, port, { allowHalfOpen: true });
    connection.send(content);
    connections.push(connection);
  }
  for (const connection of connections) await connection.receive(/HTTP\/1\.1 4/);
  const drip = setInterval(() => {
    for (const connection of connections) connection.send("x");
  }, 50);
  scope.defer(() => clearInterval(drip));
  await Promise.all(connections.map(({ closed }) => closed));
  await server.stop(3_600_000);
});
