import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { RawConnection, statusesIn } from "../support/raw-connection.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { offsetOf, resumeAsTold, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

/** A grace period that no test waits out. */
const hourMs = 3_600_000;

test("a stopping server accepts no new connection, and answers running requests with Connection: close", async (t) => {
  const scope = new Scope(t);
  const { server, port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send("GET /readyz HTTP/1.1\r\n");
  await waitUntil("the server has it", () => connection.socket.bytesWritten > 0 || undefined);
  // A response on a second connection shows that what the first one sent was read.
  const other = await RawConnection.open(scope, port);
  other.send("GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.deepEqual(statusesIn(await other.closed), [200]);

  const stopped = server.stop(hourMs);
  const [error] = await once(connect(port, "127.0.0.1"), "error");
  assert.equal(error.code, "ECONNREFUSED");
  connection.send("Host: a\r\n\r\n");
  const received = await connection.closed;
  assert.deepEqual(statusesIn(received), [503]);
  assert.match(received, /^Connection: close\r$/m);
  await stopped;
});

test("a running transfer finishes first, and its connection does not delay the end", async (t) => {
  const scope = new Scope(t);
  const { server, client, port } = await runBerthOnDisk(scope);
  const bytes = seededBytes("layer", 100_000);
  const session = await startUpload(client, "app");
  const connection = await RawConnection.open(scope, port);
  connection.send(
    `PUT ${session}?digest=${digestOf(bytes)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n`,
  );
  connection.send("Expect: 100-continue\r\n\r\n");
  await connection.receive(/100 Continue/);
  const stopped = server.stop(hourMs);
  connection.send(bytes);
  await connection.receive(/HTTP\/1\.1 201 /);
  await stopped;
});

test("a response that its client has not read yet also finishes first", async (t) => {
  const scope = new Scope(t);
  const { server, client, port } = await runBerth(scope, { private: { manifestMaxSize: "64MiB" } });
  const large = { annotations: { a: "x".repeat(40_000_000) } };
  const image = await pushSmallImage(client, "app", "layer", { fields: large });
  const connection = await RawConnection.open(scope, port);
  connection.socket.pause();
  connection.send(`GET /v2/app/manifests/${image.descriptor.digest} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await waitUntil("it is being sent", () => connection.socket.bytesWritten > 0 || undefined);
  assert.equal((await client.get("/v2/")).status, 200);
  const stopped = server.stop(hourMs);
  connection.socket.resume();
  const received = await connection.closed;
  assert.ok(received.endsWith(image.bytes.toString()), `${received.length} characters`);
  await stopped;
});

test("what still runs after the grace period is cut off, and an upload can be resumed after the next start", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const first = await runBerth(scope, { root });
  const bytes = seededBytes("layer", 2_000_000);
  const session = await startUpload(first.client, "app");
  const sender = first.client.start("PATCH", session);
  await sender.send(bytes.subarray(0, 1_500_000));
  const arrived = async () => (await offsetOf(first.client, session)) || undefined;
  const before = await waitUntil("something arrived", arrived);
  await first.server.stop(0);
  await assert.rejects(sender.answer);
  const again = await runBerth(scope, { root });
  const offset = (await offsetOf(again.client, session)) ?? 0;
  assert.ok(offset >= before, `${offset} of ${before}`);
  await resumeAsTold(again.client, session, { bytes, digest: digestOf(bytes) });
  await pullBlob(again.client, "app", digestOf(bytes));
});
