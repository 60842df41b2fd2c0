import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { RawConnection } from "../support/raw-connection.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, smallImage } from "../support/small-image.js";

const name = "team/app";
const mebibyte = 1024 * 1024;

/** An image of exactly this many bytes. */
function imageOf(size: number): Buffer {
  const { bytes } = smallImage("layer");
  return Buffer.concat([bytes, Buffer.alloc(size - bytes.length, " ")]);
}

async function* streamed(bytes: Buffer): AsyncIterable<Buffer> {
  for (let start = 0; start < bytes.length; start += 64_000) yield bytes.subarray(start, start + 64_000);
}

function put(client: RegistryClient, body: Buffer | AsyncIterable<Buffer>): Promise<Answer> {
  const headers = { "content-type": mediaTypes.ociManifest };
  return client.request("PUT", `/v2/${name}/manifests/v1`, { body, headers });
}

test("a manifest of exactly the limit is accepted, one byte more gets 413", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlobsOf(client, name, "layer");
  for (const wrap of [(bytes: Buffer) => bytes, streamed]) {
    const over = await put(client, wrap(imageOf(4 * mebibyte + 1)));
    assert.equal(over.status, 413);
    assert.equal(errorCodeOf(over), "SIZE_INVALID");
    assert.equal((await client.get(`/v2/${name}/manifests/v1`)).status, 404);
    assert.equal((await put(client, wrap(imageOf(4 * mebibyte)))).status, 201);
    assert.equal((await client.request("DELETE", `/v2/${name}/manifests/v1`)).status, 202);
  }
});

test("the operator sets the limit", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { manifestMaxSize: "1KiB" } });
  await pushBlobsOf(client, name, "layer");
  assert.equal((await put(client, imageOf(1024))).status, 201);
  assert.equal((await put(client, imageOf(1025))).status, 413);
});

test("a manifest whose announced length is too large is refused before any of it arrives", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send(`PUT /v2/${name}/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n`);
  assert.match(await connection.receive(/\r\n\r\n\{/), /^HTTP\/1\.1 413 /);
});

test("a client that sends an endless manifest gets a response, and is then cut off", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  const connection = await RawConnection.open(scope, port);
  connection.send(`PUT /v2/${name}/manifests/v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(mebibyte, " "), Buffer.from("\r\n")]);
  let sent = 0;
  while (!connection.socket.destroyed && sent < 1000) {
    await new Promise((resolve) => connection.socket.write(chunk, resolve));
    sent++;
  }
  assert.match(await connection.closed, /^HTTP\/1\.1 413 /);
  assert.ok(sent < 100, `${sent} MiB were taken`);
});
