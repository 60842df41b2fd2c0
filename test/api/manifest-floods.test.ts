import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { RawConnection } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const mebibyte = 1024 * 1024;

test("a manifest in chunks of one byte takes hardly more memory than its bytes", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send("PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunks = Buffer.from("1\r\n{\r\n".repeat(20_000));
  const before = process.memoryUsage.rss();
  let most = before;
  for (let sent = 0; sent < 400_000; sent += 20_000) {
    await new Promise((resolve) => connection.socket.write(chunks, resolve));
    most = Math.max(most, process.memoryUsage.rss());
  }
  connection.send("0\r\n\r\n");
  await connection.receive(/MANIFEST_INVALID/);
  // Kept as they come, 400,000 chunks take 140 MB.
  assert.ok(most - before < 100 * mebibyte, `${(most - before) >> 20} MiB`);
});

test("concurrent large manifests are received in turn, and small ones do not wait for them", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope, { private: { manifestMaxSize: "32MiB" } });
  const size = 32 * mebibyte;
  const head = `PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`;
  const connections: RawConnection[] = [];
  for (let count = 0; count < 5; count++) {
    const connection = await RawConnection.open(scope, port);
    connection.send(head);
    connection.send(Buffer.alloc(size - 1, "{"));
    connections.push(connection);
  }
  const received = () => connections.filter(({ socket }) => socket.writableLength === 0).length;
  await waitUntil("one is received", () => received() > 0 || undefined);
  const small = await client.request("PUT", "/v2/a/manifests/small", {
    body: `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`,
  });
  assert.equal(small.status, 201);
  assert.equal(received(), 1, "the others are not read");
  for (const connection of connections) connection.send("{");
  for (const { closed } of connections) assert.match(await closed, /MANIFEST_INVALID/);
});

const bombs: Readonly<Record<string, string>> = {
  "a list of numbers": `"x":[0${",0".repeat(200_000)}]`,
  "a list of objects": `"x":[0${",{}".repeat(200_000)}]`,
  "very many annotations": `"annotations":{${members(50_000, (key) => `"${key}":""`)}}`,
  "objects that all differ in their keys": `"x":[${members(50_000, (key) => `{"${key}":0}`)}]`,
  "nested lists": `"x":${"[".repeat(500_000)}${"]".repeat(500_000)}`,
  "nested objects": `"x":${'{"x":'.repeat(200_000)}0${"}".repeat(200_000)}`,
  "endless nesting": `"x":${"[".repeat(1_000_000)}`,
};

test("a manifest that costs more to parse than any real one is refused, whatever it consists of", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const [what, members] of Object.entries(bombs)) {
    const body = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[],${members}}`;
    const answer = await client.request("PUT", "/v2/a/manifests/v1", { body });
    assert.equal(answer.status, 400, what);
    assert.match(
      answer.body.toString(),
      /MANIFEST_INVALID.*(nested deeper|more than \d+ (values|different keys))/,
      what,
    );
  }
});

test("a long number, a long string and much whitespace make a manifest long, and nothing else", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const value of [
    "9".repeat(1_000_000),
    `1e${"9".repeat(1_000_000)}`,
    `"${"\\u0041".repeat(500_000)}"`,
    `0${" ".repeat(1_000_000)}`,
  ]) {
    const body = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[],"x":${value}}`;
    assert.equal((await client.request("PUT", "/v2/a/manifests/v1", { body })).status, 201, value.slice(0, 10));
  }
});

function members(count: number, write: (key: string) => string): string {
  return Array.from({ length: count }, (_, index) => write(`key${index}`)).join(",");
}
