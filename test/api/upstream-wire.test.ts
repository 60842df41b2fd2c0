import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { header } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("team/app");
const latest = parseTag("latest");
const layer = "layer";
const manifestType = "application/vnd.oci.image.index.v1+json";
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, manifests: [] });

async function registry(scope: Scope): Promise<FakeUpstream> {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  return fake;
}

/** A server that sends this response to every request, and its address. */
async function answering(scope: Scope, answer: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.end(answer));
  }).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  // The address of a server on a port always has a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends each byte of the response separately, and keeps the connection open. */
async function answeringByPieces(scope: Scope, answer: string): Promise<string> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", async () => {
      for (const piece of answer) {
        await new Promise((resolve) => socket.write(piece, resolve));
        await setImmediate();
      }
    });
    scope.defer(() => socket.destroy());
  }).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  // The address of a server on a port always has a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answers = {
  "a length beside chunks": `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${layer}\r\n0\r\n\r\n`,
  "chunks with extensions and trailers": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\n${layer}\r\n0\r\nX-Sum: 1\r\n\r\n`,
  "no length, up to the end of the connection": `HTTP/1.0 200 OK\r\n\r\n${layer}`,
  "lines that end with LF alone": `HTTP/1.1 200 OK\nContent-Length: 5\n\n${layer}`,
  "early hints before it": `HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${layer}`,
  "a 100 and a 102 before it": `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${layer}`,
  "no reason beside the status": `HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n${layer}`,
  "its length twice": `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "e"\r\ncontent-length:5 \r\n\r\n${layer}`,
  "its length twice, behind early hints": `HTTP/1.1 103 Early Hints\nContent-Length: 0\n\nHTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\n${layer}`,
  "blanks around its length": `HTTP/1.1 200 OK\r\nContent-Length:  5 \t\r\n\r\n${layer}`,
  "two spaces before the status": `HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\n${layer}`,
  "a space in the name of a header": `HTTP/1.1 200 OK\r\nX Odd: a b\r\nContent-Length: 5\r\n\r\n${layer}`,
  "a space before the colon": `HTTP/1.1 200 OK\r\nX-Odd : a\r\nContent-Length : 7\r\nContent-Length: 5\r\n\r\n${layer}`,
  "a control character in a header": `HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 5\r\n\r\n${layer}`,
};
for (const [what, answer] of Object.entries(answers)) {
  test(`a response is accepted with ${what}`, async (t) => {
    const scope = new Scope(t);
    const upstream = upstreamAt(scope, await answering(scope, answer));
    const blob = await upstream.getBlob(name, digestOf(Buffer.from(layer)), {}, requestOptions());
    assert.equal((await readWhole(blob)).toString(), layer);
  });
}

const broken = {
  "two lengths": `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\n${layer}`,
  "one length in one line, another in the next": `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length:\r\n\r\n${layer}`,
};
for (const [what, answer] of Object.entries(broken)) {
  test(`a response is refused with ${what}`, async (t) => {
    const scope = new Scope(t);
    const upstream = upstreamAt(scope, await answering(scope, answer));
    const blob = upstream.getBlob(name, digestOf(Buffer.from(layer)), {}, requestOptions());
    await assert.rejects(blob, /two lengths/);
  });
}

test("what is repaired in a response may arrive in pieces, and on a reused connection", async (t) => {
  const scope = new Scope(t);
  const answer = `HTTP/1.1 200 OK\r\nX Odd: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n${layer}`;
  const upstream = upstreamAt(scope, await answeringByPieces(scope, answer));
  for (let round = 0; round < 3; round++) {
    const blob = await upstream.getBlob(name, digestOf(Buffer.from(layer)), {}, requestOptions());
    assert.equal((await readWhole(blob)).toString(), layer);
  }
});

test("a redirect to a path that is not escaped is followed", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({ kind: "other" }, (reply, { path }) =>
    decodeURI(path) === "/bücket/my layer" ? { status: 200, headers: {}, body: contentOf(Buffer.from(layer)) } : reply,
  );
  const redirect = `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${fake.origin}/bücket/my layer\r\n\r\n`;
  const upstream = upstreamAt(scope, await answering(scope, redirect));
  const blob = await upstream.getBlob(name, digestOf(Buffer.from(layer)), {}, requestOptions());
  assert.equal((await readWhole(blob)).toString(), layer);
});

test("what arrived before the connection was cut is read, even if the reader comes after the cut", async (t) => {
  const scope = new Scope(t);
  const start = "a part of it";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${start}`));
  }).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  const connected: Promise<Socket[]> = once(server, "connection");
  const upstream = upstreamAt(scope, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const blob = await upstream.getBlob(name, digestOf(Buffer.from(layer)), {}, requestOptions());
  const [socket] = await connected;
  if (socket?.closed === false) await once(socket, "close");
  let read = "";
  await assert.rejects(async () => {
    for await (const chunk of blob.content) read += chunk.toString();
  });
  assert.equal(read, start);
});

test("the keys of tokens and lists count in any case, as Go programs read them", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.store.addImage(name, [], "latest");
  fake.faults.add({}, (reply) => {
    if (!reply.headers["content-type"]?.startsWith("application/json")) return reply;
    const text = reply.body.slice(0, reply.body.size).toString();
    return { ...reply, body: contentOf(text.replace(/"(token|tags|name)":/g, (key) => key.toUpperCase())) };
  });
  const upstream = upstreamAt(scope, fake.url);
  for await (const tags of upstream.tagPages(name, requestOptions())) assert.deepEqual(tags, [latest]);
  assert.equal(fake.ledger.count({ kind: "tags", method: "GET" }), 2, "without a token, and with it");
});

test("a 203 response is accepted", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  fake.faults.add({}, (reply) => (reply.status === 200 ? { ...reply, status: 203 } : reply));
  const upstream = upstreamAt(scope, fake.url);
  await upstream.getManifest(name, latest, requestOptions());
  (await upstream.getBlob(name, digest, {}, requestOptions())).close();
});

test("a response may have 21 KB of headers, and a thousand of them", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  fake.faults.add({}, header("content-security-policy", "x".repeat(21_000)));
  const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-header-${index}`, "x"]));
  fake.faults.add({}, (reply) => ({ ...reply, headers: { ...many, ...reply.headers } }));
  const { size } = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.ok(size);
});

test("a connection on which something arrives unasked is closed, and nothing of it is taken for an answer", async (t) => {
  const scope = new Scope(t);
  const connections: Socket[] = [];
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: ${manifestType}\r\nContent-Length: ${manifest.length}\r\n\r\n`;
  const server = createServer((socket) => {
    connections.push(socket.on("error", () => {}));
    socket.on("data", () => {
      socket.write(answer + manifest);
      // The next request comes only when this has been sent.
      setTimeout(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), 20);
    });
  }).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  const upstream = upstreamAt(scope, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (let count = 0; count < 2; count++) {
    assert.equal(String((await upstream.getManifest(name, latest, requestOptions())).bytes), manifest);
    await waitUntil("it is closed", () => connections.every(({ closed }) => closed) || undefined);
  }
  assert.equal(connections.length, 2);
});

test("an upstream that leads to a host with an endless name is refused, and no message repeats the name", async (t) => {
  const host = "a".repeat(1_000);
  const answers = [
    `307 Temporary Redirect\r\nLocation: http://${host}/`,
    `401 Unauthorized\r\nWWW-Authenticate: Bearer realm="http://${host}/token"`,
  ];
  for (const answer of answers) {
    const url = await answering(new Scope(t), `HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
    await assert.rejects(upstreamAt(new Scope(t), url).getManifest(name, latest, requestOptions()), {
      kind: "invalid",
      message: /^.{0,100}it leads to a host whose name has 1000 characters$/,
    });
  }
});

test("a body in chunks of one byte is broken off, and one of short lines is read", async (t) => {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${manifestType}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const lines = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, manifests: [] }).padEnd(100_000);
  const inChunksOf = (bytes: number) =>
    Array.from({ length: lines.length / bytes }, (_, index) => {
      const chunk = lines.slice(index * bytes, (index + 1) * bytes);
      return `${bytes.toString(16)}\r\n${chunk}\r\n`;
    }).join("");
  const read = async (bytes: number) => {
    const url = await answering(new Scope(t), `${head}${inChunksOf(bytes)}0\r\n\r\n`);
    return upstreamAt(new Scope(t), url).getManifest(name, latest, requestOptions());
  };
  await assert.rejects(read(1), { kind: "invalid", message: /its body comes in pieces of a few bytes/ });
  assert.equal(String((await read(10)).bytes), lines);
});

test("an upstream that switches to another protocol is refused at once, and not asked again", async (t) => {
  for (const upgrade of ["", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Upgrade: h2c\r\n"]) {
    const url = await answeringByPieces(new Scope(t), `HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`);
    await assert.rejects(upstreamAt(new Scope(t), url).headManifest(name, latest, requestOptions()), {
      kind: "invalid",
      message: / 101/,
    });
  }
});

test("an upstream that sends interim responses without end is not waited for", async (t) => {
  const url = await answering(new Scope(t), "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(200));
  await assert.rejects(
    upstreamAt(new Scope(t), url).headManifest(name, latest, requestOptions()),
    /its interim responses do not end/,
  );
});
