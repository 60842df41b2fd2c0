import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { exchangeRaw, RawConnection, statusesIn } from "../support/raw-connection.js";
import { type RunningBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeAsTold, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const bytes = seededBytes("layer", 20_000);
const digest = digestOf(bytes);

/** Waits until a request was aborted. */
async function cutOff({ log }: RunningBerth, method: string): Promise<void> {
  await waitUntil(`${method} is given up`, () => log.named("request").find((fields) => fields.method === method));
}

function isHeld({ client }: RunningBerth): Promise<boolean> {
  return client.head(`/v2/team/app/blobs/${digest}`).then(({ status }) => status === 200);
}

test("a body shorter than its Content-Length is not a chunk, and what arrived of it is kept", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const session = await startUpload(berth.client, "team/app");
  const connection = await RawConnection.open(scope, berth.port);
  connection.send(`PATCH ${session} HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n`);
  connection.send(bytes.subarray(0, 15_000));
  connection.socket.end();
  await connection.closed;
  await cutOff(berth, "PATCH");
  const offset = (await offsetOf(berth.client, session)) ?? -1;
  assert.ok(offset >= 0 && offset <= 15_000, `${offset}`);
  await resumeAsTold(berth.client, session, { bytes, digest });
  await pullBlob(berth.client, "team/app", digest);
});

test("a chunked body that ends before its last chunk creates no blob", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const session = await startUpload(berth.client, "team/app");
  const connection = await RawConnection.open(scope, berth.port);
  connection.send(`PUT ${session}?digest=${digest} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
  connection.send(`${bytes.length.toString(16)}\r\n`);
  connection.send(bytes);
  connection.send("\r\n");
  connection.socket.end();
  await connection.closed;
  await cutOff(berth, "PUT");
  assert.equal(await isHeld(berth), false);
  const isStored = async () => (await offsetOf(berth.client, session)) === bytes.length || undefined;
  await waitUntil("all that arrived is stored", isStored);
  assert.equal((await berth.client.request("PUT", `${session}?digest=${digest}`)).status, 201);
});

test("an interrupted manifest is not stored, even if what arrived is valid JSON", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope, { private: { sparse: true } });
  const document = '{"schemaVersion":2,"manifests":[]}';
  for (const framing of [
    `Content-Length: ${document.length + 10}\r\n\r\n${document}`,
    `Transfer-Encoding: chunked\r\n\r\n${document.length.toString(16)}\r\n${document}\r\n`,
  ]) {
    const connection = await RawConnection.open(scope, berth.port);
    connection.send(`PUT /v2/team/app/manifests/v1 HTTP/1.1\r\nHost: a\r\n${framing}`);
    connection.socket.end();
    await connection.closed;
  }
  await waitUntil("both are aborted", () => berth.log.named("request").length >= 2 || undefined);
  assert.equal((await berth.client.get("/v2/team/app/manifests/v1")).status, 404);
});

test("what follows a body is the next request, not part of the body", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const connection = await RawConnection.open(scope, berth.port);
  const begin = `POST /v2/team/app/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  const next = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  connection.send(Buffer.concat([Buffer.from(begin), bytes, Buffer.from(next)]));
  assert.deepEqual(statusesIn(await connection.closed), [201, 200]);
  await pullBlob(berth.client, "team/app", digest);
});

for (const [what, body] of [
  ["a chunk size that is not a number", "xyz\r\nabc\r\n0\r\n\r\n"],
  ["a negative chunk size", "-5\r\nabc\r\n0\r\n\r\n"],
  ["an enormous chunk size", `${"f".repeat(40)}\r\nabc\r\n0\r\n\r\n`],
  ["a chunk longer than its size", "2\r\nabc\r\n0\r\n\r\n"],
  ["an endless chunk extension", `3;${"x".repeat(100_000)}\r\nabc\r\n0\r\n\r\n`],
] as const) {
  test(`${what} ends the connection and creates no blob`, async (t) => {
    const scope = new Scope(t);
    const berth = await runBerthOnDisk(scope);
    const target = `/v2/team/app/blobs/uploads/?digest=${digestOf(Buffer.from("abc"))}`;
    const received = await exchangeRaw(
      scope,
      berth.port,
      `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    );
    assert.ok(!statusesIn(received).includes(201), received);
    assert.equal((await berth.client.head(`/v2/team/app/blobs/${digestOf(Buffer.from("abc"))}`)).status, 404);
    assert.equal((await berth.client.get("/v2/")).status, 200);
  });
}

test("a chunk whose size begins with zeros without end is not read on for ever", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerthOnDisk(scope);
  for (const first of ["0", "2\r\n{}\r\n0"]) {
    const { socket } = await RawConnection.open(scope, port);
    socket.write(`PUT /v2/team/app/manifests/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${first}`);
    const zeros = Buffer.alloc(64 * 1024, "0");
    while (!socket.destroyed && socket.bytesWritten < 64 * 1024 * 1024)
      await new Promise<void>((resolve) => socket.write(zeros, () => resolve()));
    assert.ok(socket.destroyed, `${first}: ${socket.bytesWritten} bytes were taken`);
  }
});

test("trailers after a chunked body change nothing", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const target = `/v2/team/app/blobs/uploads/?digest=${digestOf(Buffer.from("abc"))}`;
  const received = await exchangeRaw(
    scope,
    berth.port,
    `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Range\r\n\r\n` +
      "3\r\nabc\r\n0\r\nContent-Range: 5-7\r\n\r\n",
  );
  assert.deepEqual(statusesIn(received), [201]);
});

test("a client that waits for 100 Continue gets it, or the refusal at once", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const connection = await RawConnection.open(scope, berth.port);
  connection.send(
    `POST /v2/team/app/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  await connection.receive(/^HTTP\/1\.1 100 /);
  connection.send(bytes);
  await connection.receive(/HTTP\/1\.1 201 /);
});

test("a refused body is read all the same, so that the client reads why and the connection survives", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerthOnDisk(scope);
  const large = Buffer.alloc(5_000_000);
  for (const [target, status] of [
    ["PATCH /v2/team/app/blobs/uploads/00000000-0000-4000-8000-000000000000", 404],
    ["POST /v2/team/app/blobs/uploads/?digest=sha256:short", 400],
    ["PUT /v2/team/app/manifests/v1", 413],
    ["PUT /v2/Team/manifests/v1", 400],
    ["POST /v2/team/app/tags/list", 405],
  ] as const) {
    const connection = await RawConnection.open(scope, port);
    connection.send(`${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${large.length}\r\n\r\n`);
    connection.send(large);
    connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.deepEqual(statusesIn(await connection.closed), [status, 200], target);
  }
});

test("a body in chunks of one byte takes hardly more memory than its bytes", async (t) => {
  const scope = new Scope(t);
  const berth = await runBerthOnDisk(scope);
  const session = await startUpload(berth.client, "team/app");
  const connection = await RawConnection.open(scope, berth.port);
  connection.send(`PATCH ${session} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunks = Buffer.from("1\r\na\r\n".repeat(20_000));
  const before = process.memoryUsage.rss();
  let most = before;
  for (let sent = 0; sent < 20; sent++) {
    await new Promise((resolve) => connection.socket.write(chunks, resolve));
    most = Math.max(most, process.memoryUsage.rss());
  }
  connection.send("0\r\n\r\n");
  assert.match(await connection.closed, /^HTTP\/1\.1 202 /);
  assert.equal(await offsetOf(berth.client, session), 400_000);
  // Kept as they come, 400,000 chunks take 140 MB.
  assert.ok(most - before < 100 * 1024 * 1024, `${(most - before) >> 20} MiB`);
});
