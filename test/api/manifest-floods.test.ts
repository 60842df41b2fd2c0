import { strict as assert } from "node:assert";
import { test } from "node:test";
import { RawConnection } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const mebibyte = 1024 * 1024;

test("a manifest in chunks of one byte takes hardly more memory than its bytes", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send("PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunks = Buffer.from("1\r\n{\r\n".repeat(20_000));
  const before = process.memoryUsage.rss();
  let most = before;
  for (let sent = 0; sent < 1_000_000; sent += 20_000) {
    await new Promise((resolve) => connection.socket.write(chunks, resolve));
    most = Math.max(most, process.memoryUsage.rss());
  }
  connection.send("0\r\n\r\n");
  await connection.receive(/MANIFEST_INVALID/);
  assert.ok(most - before < 150 * mebibyte, `${(most - before) >> 20} MiB`);
});
