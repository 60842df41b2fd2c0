import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { PlainGets, type ReceivedObject } from "../../../../../src/storage/drivers/s3/plain-gets.js";
import { seededBytes } from "../../../../support/content.js";
import { Scope } from "../../../../support/scope.js";

const content = seededBytes("plain", 700_000);
const headers = { etag: '"1"', "last-modified": "Fri, 27 Nov 2026 10:00:00 GMT", "content-length": content.length };
const object = { Bucket: "images", Key: "blob" };

/** A store that answers as told, and how often and over how many connections it was asked. */
async function serve(scope: Scope, answer: RequestListener) {
  const seen = { requests: 0, sockets: new Set<Socket>() };
  const server = createServer((incoming, response) => {
    seen.requests++;
    seen.sockets.add(incoming.socket);
    answer(incoming, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  // The address of a server on a port, not on a pipe, is of this kind.
  const { port } = server.address() as AddressInfo;
  const addresses = { addressOf: async () => `http://127.0.0.1:${port}/images/blob?signed` };
  return { gets: new PlainGets(addresses, async () => undefined), seen };
}

function bytesOf({ source }: ReceivedObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    source.start({
      received: (bytes, release) => {
        pieces.push(Buffer.from(bytes));
        release();
      },
      ended: (failure) => (failure === undefined ? resolve(Buffer.concat(pieces)) : reject(failure)),
    });
    source.resume();
  });
}

test("objects are received one after another over one connection", async (t) => {
  const { gets, seen } = await serve(new Scope(t), (_, response) => response.writeHead(200, headers).end(content));
  for (let time = 0; time < 3; time++) {
    const found = await gets.get(object);
    assert.ok(found);
    assert.deepEqual([found.size, found.etag, found.modifiedMs], [content.length, '"1"', Date.UTC(2026, 10, 27, 10)]);
    assert.ok((await bytesOf(found)).equals(content));
  }
  assert.equal(seen.sockets.size, 1);
});

test("a part is asked for, of one version", async (t) => {
  const { gets } = await serve(new Scope(t), ({ headers: asked }, response) => {
    assert.deepEqual([asked.range, asked["if-match"]], ["bytes=1000-1999", '"1"']);
    const length = { "content-length": 1000, "content-range": `bytes 1000-1999/${content.length}` };
    response.writeHead(206, { ...headers, ...length }).end(content.subarray(1000, 2000));
  });
  const found = await gets.get(object, { start: 1000, end: 2000, etag: '"1"' });
  assert.equal(found?.size, content.length);
  assert.ok(found && (await bytesOf(found)).equals(content.subarray(1000, 2000)));
});

for (const [what, answer] of Object.entries<RequestListener>({
  "in chunks of unknown length": (_, response) => response.writeHead(200, { etag: '"1"' }).end(content),
  "without a version": (_, response) => response.writeHead(200, { "content-length": content.length }).end(content),
  "with another part": (_, response) =>
    response.writeHead(206, { ...headers, "content-range": `bytes 5-9/${content.length}` }).end(content),
  "by sending it elsewhere": (_, response) => response.writeHead(301, { location: "/", "content-length": 0 }).end(),
  "with what is no HTTP": ({ socket }) => socket.end("hello\r\n\r\n"),
})) {
  test(`a store that answers ${what} is asked by its own client, now and for a while`, async (t) => {
    const { gets, seen } = await serve(new Scope(t), answer);
    assert.equal(await gets.get(object), undefined);
    assert.equal(await gets.get(object), undefined);
    assert.equal(seen.requests, 1);
  });
}

test("absence, another version and closed connections are left to the store's own client each time anew", async (t) => {
  const answers = [404, 412, 200, "closed", 200] as const;
  let asked = 0;
  const { gets } = await serve(new Scope(t), ({ socket }, response) => {
    const answer = answers[asked++];
    if (answer === "closed") socket.destroy();
    else if (answer === 200) response.writeHead(200, headers).end(content);
    else response.writeHead(answer ?? 500, { "content-length": 0 }).end();
  });
  for (const answer of answers) {
    const found = await gets.get(object);
    assert.equal(found !== undefined, answer === 200, String(answer));
    if (found !== undefined) assert.ok((await bytesOf(found)).equals(content));
  }
});

test("a store in trouble gets no second request for each that it refuses", async (t) => {
  const { gets, seen } = await serve(new Scope(t), (_, response) =>
    response.writeHead(503, { "content-length": 0 }).end(),
  );
  for (let time = 0; time < 5; time++) assert.equal(await gets.get(object), undefined);
  assert.equal(seen.requests, 1);
});

test("keys or certificates that cannot be read are left to the store's own client, which says so", async () => {
  const unreadable = async () => {
    throw new Error("unreadable");
  };
  assert.equal(await new PlainGets({ addressOf: unreadable }, async () => undefined).get(object), undefined);
  const addresses = { addressOf: async () => "http://127.0.0.1:9/blob" };
  assert.equal(await new PlainGets(addresses, unreadable).get(object), undefined);
});

test("bytes that arrive with the head wait until somebody reads them", async (t) => {
  const { gets } = await serve(new Scope(t), ({ socket }, response) => {
    socket.cork();
    response.writeHead(200, headers).end(content);
    socket.uncork();
  });
  const found = await gets.get(object);
  assert.ok(found);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok((await bytesOf(found)).equals(content));
});

test("a body that ends too early is a failure, and so is one that is too long", async (t) => {
  const scope = new Scope(t);
  const short = await serve(scope, ({ socket }) => socket.end(headOf(100) + "x".repeat(99)));
  const long = await serve(scope, ({ socket }) => socket.end(headOf(100) + "x".repeat(101)));
  for (const { gets } of [short, long]) {
    const found = await gets.get(object);
    assert.ok(found);
    await assert.rejects(bytesOf(found));
  }
});

function headOf(length: number): string {
  return `HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: ${length}\r\n\r\n`;
}
