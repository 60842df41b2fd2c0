import { strict as assert } from "node:assert";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { contentCodingsOf, decoded } from "../../../../src/upstream/wire/content-coding.js";
import { seededBytes } from "../../../support/content.js";

const bytes = Buffer.concat([Buffer.alloc(200_000, "text "), seededBytes("content", 100_000)]);

async function* inPieces(content: Buffer, size = 1_000): AsyncGenerator<Buffer, void, void> {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}

async function whole(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

for (const [named, encoded] of [
  ["gzip", gzipSync(bytes)],
  ["x-gzip", gzipSync(bytes)],
  ["GZIP ", gzipSync(bytes)],
  ["deflate", deflateSync(bytes)],
  ["deflate", deflateRawSync(bytes)],
  ["br", brotliCompressSync(bytes)],
  ["gzip, br", brotliCompressSync(gzipSync(bytes))],
  ["gzip, aws-chunked", gzipSync(bytes)],
] as const) {
  test(`a body that is encoded as "${named}" is decoded, whatever pieces it comes in`, async () => {
    const codings = contentCodingsOf({ "content-encoding": named });
    assert.deepEqual(await whole(decoded(inPieces(encoded), codings)), bytes);
    assert.deepEqual(await whole(decoded(inPieces(encoded, encoded.length), codings)), bytes);
  });
}

for (const named of ["", "identity", "aws-chunked", "none", "utf-8", "gzip, gzip, gzip"]) {
  test(`a body that is said to be encoded as "${named}" is taken as it is`, async () => {
    assert.deepEqual(contentCodingsOf({ "content-encoding": named }), []);
    assert.deepEqual(await whole(decoded(inPieces(bytes), [])), bytes);
  });
}

test("a body that is not encoded as declared fails", async () => {
  await assert.rejects(whole(decoded(inPieces(bytes), ["gzip"])), /incorrect header check/);
  await assert.rejects(whole(decoded(inPieces(gzipSync(bytes).subarray(0, 50_000)), ["gzip"])), /unexpected end/);
});

test("a failure of the body reaches the reader of the decoded content", async () => {
  async function* breaking(): AsyncGenerator<Buffer, void, void> {
    yield gzipSync(bytes).subarray(0, 50_000);
    throw new Error("the connection is gone");
  }
  await assert.rejects(whole(decoded(breaking(), ["gzip"])), /the connection is gone/);
});

test("when the reader stops, the body is closed, and no more of it is decoded", async () => {
  let isClosed = false;
  let pieces = 0;
  async function* bomb(): AsyncGenerator<Buffer, void, void> {
    try {
      for (;;) {
        pieces += 1;
        yield pieces === 1 ? gzipSync(Buffer.alloc(50 * 1024 * 1024)) : Buffer.alloc(1_000);
      }
    } finally {
      isClosed = true;
    }
  }
  for await (const chunk of decoded(bomb(), ["gzip"])) {
    assert.ok(chunk.length <= 64 * 1024);
    break;
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, true);
  assert.ok(pieces < 100);
});
