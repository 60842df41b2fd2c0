import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { RawConnection } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

test("among many slow senders, each of their bytes arrives, and other requests wait for none of them", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope);
  const size = 12;
  const senders = [];
  for (let number = 0; number < 80; number++) {
    const connection = await RawConnection.open(scope, port);
    const blob = Buffer.alloc(size, `${number}`);
    const target = `/v2/a/blobs/uploads/?digest=${digestOf(blob)}`;
    connection.send(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    senders.push({ connection, blob });
  }
  for (let sent = 0; sent < size - 1; sent++) {
    for (const { connection, blob } of senders) connection.send(blob.subarray(sent, sent + 1));
    assert.equal((await client.get("/v2/")).status, 200);
  }
  for (const { connection, blob } of senders) {
    connection.send(blob.subarray(size - 1));
    connection.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
    await connection.receive(/201 Created.*200 OK/s);
  }
  for (const { blob } of senders) assert.ok((await client.get(`/v2/a/blobs/${digestOf(blob)}`)).body.equals(blob));
});
