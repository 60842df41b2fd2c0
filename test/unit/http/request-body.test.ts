import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { BufferPool } from "../../../src/http/buffer-pool.js";
import { RequestBody } from "../../../src/http/request-body.js";
import { seededBytes } from "../../support/content.js";
import { RawConnection } from "../../support/raw-connection.js";
import { RegistryClient } from "../../support/registry-client.js";
import { Scope } from "../../support/scope.js";
import { seededRandom, wholeNumber } from "../../support/seeded-random.js";
import { waitUntil } from "../../support/wait-until.js";

const kibibyte = 1024;

/** A client of a server that answers each request with the function's result. */
async function serve(scope: Scope, read: (request: IncomingMessage) => Promise<string>): Promise<RegistryClient> {
  const server = createServer((request, response) => {
    read(request).then(
      (text) => response.end(text),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  // The address of a TCP server is never a pipe's path.
  return new RegistryClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function* inPieces(bytes: Buffer, seed: number, largest: number): AsyncGenerator<Buffer> {
  const random = seededRandom(seed);
  for (let start = 0; start < bytes.length; ) {
    const end = start + wholeNumber(random, 1, largest);
    yield bytes.subarray(start, end);
    start = end;
  }
}

for (const [buffers, budget] of [
  ["smaller than chunks", 64 * kibibyte],
  ["larger than chunks", 1024 * kibibyte],
] as const) {
  for (const size of [0, 1, 32 * kibibyte - 1, 32 * kibibyte, 32 * kibibyte + 1, 1_500_000]) {
    test(`a body of ${size} bytes comes whole through buffers ${buffers}, however it is cut up`, async (t) => {
      const pool = new BufferPool(budget);
      const received: Buffer[] = [];
      const client = await serve(new Scope(t), async (request) => {
        for await (const piece of new RequestBody(request, pool)) {
          assert.ok(piece.length <= pool.bufferSize);
          received.push(Buffer.from(piece));
        }
        return "";
      });
      const bytes = seededBytes("body", size);
      for (const body of [bytes, inPieces(bytes, 1, 100), inPieces(bytes, 2, 200_000)]) {
        await client.request("PUT", "/", { body });
        assert.ok(Buffer.concat(received.splice(0)).equals(bytes));
      }
    });
  }
}

test("all pieces except the last are full, and a slow consumer changes nothing", async (t) => {
  const pool = new BufferPool(64 * kibibyte);
  const lengths: number[] = [];
  const client = await serve(new Scope(t), async (request) => {
    for await (const piece of new RequestBody(request, pool)) {
      lengths.push(piece.length);
      const before = Buffer.from(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(before.equals(piece), "a piece changed while it belonged to the consumer");
    }
    return "";
  });
  await client.request("PUT", "/", { body: seededBytes("body", 300_000) });
  assert.deepEqual(lengths, [...Array(9).fill(32 * kibibyte), 300_000 - 9 * 32 * kibibyte]);
});

test("what arrived before a cut is delivered, and then the failure", async (t) => {
  const pool = new BufferPool(64 * kibibyte);
  let length = 0;
  let settle: (error: unknown) => void = () => {};
  const failure = new Promise<unknown>((resolve) => {
    settle = resolve;
  });
  const client = await serve(new Scope(t), async (request) => {
    try {
      for await (const piece of new RequestBody(request, pool)) length += piece.length;
      settle(undefined);
    } catch (error) {
      settle(error);
    }
    return "";
  });
  const sender = client.start("PUT", "/");
  await sender.send(Buffer.alloc(100_000));
  sender.cut();
  assert.ok((await failure) instanceof Error);
  assert.ok(length <= 100_000);
});

test("what arrived before the client disconnected is delivered, even if it is read only afterwards", async (t) => {
  const scope = new Scope(t);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => server.close());
  // The address of a TCP server is never a pipe's path.
  const client = await RawConnection.open(scope, (server.address() as AddressInfo).port);
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na part of it");
  const [request]: IncomingMessage[] = await once(server, "request");
  assert.ok(request);
  await waitUntil("it has arrived", async () => request.readableLength || undefined);
  const broken = once(request, "close");
  client.socket.destroy();
  await broken.catch(() => {});
  let read = "";
  await assert.rejects(async () => {
    for await (const piece of new RequestBody(request, new BufferPool(64 * kibibyte))) read += piece.toString();
  });
  assert.equal(read, "a part of it");
});

/** A body whose pieces the test sends, among so many transfers. */
function bodyAmong(transfers: number) {
  const pool = new BufferPool(64 * kibibyte);
  for (let joined = 1; joined < transfers; joined++) pool.join();
  // Only what a body uses of a request.
  const request = new PassThrough() as unknown as IncomingMessage & PassThrough;
  let rests = 0;
  const body = new RequestBody(request, pool, { throttle: () => undefined, rest: () => rests++ });
  return { request, pieces: body[Symbol.asyncIterator](), rests: () => rests };
}

test("the bytes of a slow sender are stored after 500 ms", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { request, pieces } = bodyAmong(1);
  let stored = "";
  const next = pieces.next().then(({ value = "" }) => {
    stored = value.toString();
  });
  t.mock.timers.tick(10_000);
  request.write("slow");
  await setImmediate();
  t.mock.timers.tick(499);
  await setImmediate();
  assert.equal(stored, "");
  t.mock.timers.tick(1);
  await next;
  assert.equal(stored, "slow");
  await pieces.return?.();
});

test("slow senders that begin together are stored one after the other, 200 a second", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pool = new BufferPool(64 * kibibyte);
  let stored = 0;
  for (let number = 0; number < 1_000; number++) {
    // Only what a body uses of a request.
    const request = new PassThrough() as unknown as IncomingMessage & PassThrough;
    void new RequestBody(request, pool)
      [Symbol.asyncIterator]()
      .next()
      .then(() => stored++);
    request.write("slow");
  }
  await setImmediate();
  for (const [ms, expected] of [
    [500, 1],
    [5, 2],
    [5, 3],
    [500, 103],
    [4_500, 1_000],
  ] as const) {
    for (let passed = 0; passed < ms; passed += 5) t.mock.timers.tick(5);
    await setImmediate();
    assert.equal(stored, expected);
  }
});

test("a body in tiny pieces rests between them, if there are many transfers", async () => {
  for (const [transfers, size, rests] of [
    [1_000, 8, 8],
    [1_000, 1_500, 0],
    [10, 8, 0],
  ] as const) {
    const body = bodyAmong(transfers);
    const whole = body.pieces.next();
    for (let sent = 0; sent < 10; sent++) {
      body.request.write(Buffer.alloc(size));
      await setImmediate();
    }
    body.request.end();
    assert.equal((await whole).value?.length, 10 * size);
    assert.equal(body.rests(), rests, `${transfers} transfers, pieces of ${size}`);
    await body.pieces.return?.();
  }
});
