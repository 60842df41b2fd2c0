import { getDefaultHighWaterMark } from "node:stream";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { RawConnection } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const mebibyte = 1024 * 1024;

test("large manifests that wait for their turn leave the places of uploads to blobs", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope, {
    private: { manifestMaxSize: "32MiB", uploads: { maxConcurrent: 2 } },
  });
  const size = 32 * mebibyte;
  const head = `PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;
  for (let count = 0; count < 5; count++) {
    const connection = await RawConnection.open(scope, port);
    connection.send(head);
    connection.send(Buffer.alloc(mebibyte, "{"));
  }
  const blob = Buffer.from("blob");
  const push = () => client.request("POST", `/v2/a/blobs/uploads/?digest=${digestOf(blob)}`, { body: blob });
  // Each manifest has a place until it waits.
  await waitUntil("a blob gets a place", async () => (await push()).status === 201 || undefined);
});

test("a client that leaves in the middle of a body that waits unread is noticed at once, also in a crowd", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope, { private: { manifestMaxSize: "32MiB" } });
  const crowd = await RawConnection.open(scope, port);
  crowd.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200));
  await crowd.receive(/200 OK/);
  const head = `PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${32 * mebibyte}\r\n\r\n`;
  for (let count = 0; count < 5; count++) {
    const connection = await RawConnection.open(scope, port);
    connection.send(head);
    connection.send(Buffer.alloc(mebibyte, "{"));
  }
  const leaving = await RawConnection.open(scope, port);
  // More than a request reads before it waits, and then as much as Node holds of it unread, but for a few pieces.
  const sent = 72 * 1024 + getDefaultHighWaterMark(false) / 2;
  leaving.send(head);
  leaving.send(Buffer.alloc(sent, "{"));
  leaving.socket.end();
  await leaving.closed;
});
