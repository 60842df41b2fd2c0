import { strict as assert } from "node:assert";
import { test } from "node:test";
import { exchangeRaw, statusesIn } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

/** The request that an attacker wants to run as another client's. */
const smuggled = "DELETE /v2/a/manifests/v1 HTTP/1.1\r\nHost: a\r\n\r\n";
const size = smuggled.length.toString(16);

for (const [what, head, body] of [
  [
    "Content-Length and Transfer-Encoding",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    `0\r\n\r\n${smuggled}`,
  ],
  [
    "Transfer-Encoding and Content-Length",
    `Transfer-Encoding: chunked\r\nContent-Length: ${smuggled.length}\r\n`,
    `0\r\n\r\n${smuggled}`,
  ],
  ["two lengths", `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n`, smuggled],
  ["two lengths in one line", `Content-Length: 0, ${smuggled.length}\r\n`, smuggled],
  ["a length with a sign", `Content-Length: +${smuggled.length}\r\n`, smuggled],
  ["a negative length", "Content-Length: -1\r\n", smuggled],
  ["a length in hex", `Content-Length: 0x${size}\r\n`, smuggled],
  ["a length that contains spaces", "Content-Length: 1 0\r\n", smuggled],
  ["a length of 21 digits", `Content-Length: ${"9".repeat(21)}\r\n`, smuggled],
  ["an unknown encoding", "Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${smuggled}`],
  ["chunked, but not last", "Transfer-Encoding: chunked, identity\r\n", `0\r\n\r\n${smuggled}`],
  ["chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", `0\r\n\r\n${smuggled}`],
  ["chunked in quotes", 'Transfer-Encoding: "chunked"\r\n', `0\r\n\r\n${smuggled}`],
  ["an encoding after a tab and a vertical tab", "Transfer-Encoding: \x0bchunked\r\n", `0\r\n\r\n${smuggled}`],
  ["a space before the colon", `Content-Length : ${smuggled.length}\r\n`, smuggled],
  ["a space before the name", ` Content-Length: ${smuggled.length}\r\n`, smuggled],
  ["a folded line", "X: y\r\n Content-Length: 5\r\nTransfer-Encoding\r\n : chunked\r\n", `0\r\n\r\n${smuggled}`],
  ["bare line feeds", `Content-Length: 0\nTransfer-Encoding: chunked\n`, `0\r\n\r\n${smuggled}`],
  ["a bare carriage return", "X: y\rTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`],
  ["a NUL in a header", "X: a\0b\r\n", smuggled],
  ["a name with a space", "X Y: z\r\n", smuggled],
  ["a line without a colon", "nonsense\r\n", smuggled],
  ["a chunk size that ends with a bare line feed", "Transfer-Encoding: chunked\r\n", `2\nab\r\n0\r\n\r\n${smuggled}`],
  ["a chunk that does not end where it should", "Transfer-Encoding: chunked\r\n", `2\r\nabX\r\n0\r\n\r\n${smuggled}`],
] as const) {
  test(`a request with ${what} is refused, and nothing after it is run`, async (t) => {
    const scope = new Scope(t);
    const { port, client } = await runBerth(scope);
    await pushSmallImage(client, "a", "layer", { tag: "v1" });
    const received = await exchangeRaw(
      scope,
      port,
      `POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: a\r\n${head}\r\n${body}`,
    );
    assert.ok((statusesIn(received).at(-1) ?? 400) >= 400, received);
    assert.equal((await client.get("/v2/a/manifests/v1")).status, 200, received);
  });
}

test("a GET with a body does not run the body", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope);
  await pushSmallImage(client, "a", "layer", { tag: "v1" });
  for (const head of [
    `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    `Transfer-Encoding: chunked\r\n\r\n${size}\r\n${smuggled}\r\n0\r\n\r\n`,
  ]) {
    const next = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const received = await exchangeRaw(scope, port, `GET /v2/ HTTP/1.1\r\nHost: a\r\n${head}${next}`);
    assert.deepEqual(statusesIn(received), [200, 200]);
  }
  assert.equal((await client.get("/v2/a/manifests/v1")).status, 200);
});

for (const [what, request] of [
  ["HTTP/3", "GET /v2/ HTTP/3.0\r\nHost: a\r\n\r\n"],
  ["no version", "GET /v2/ HTTP/\r\nHost: a\r\n\r\n"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
  ["random bytes", "\x00\xff\xfe\x01\x80garbage\r\n\r\n"],
  ["no Host", "GET /v2/ HTTP/1.1\r\n\r\n"],
  ["a space in the target", "GET /v2/ /x HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a control character in the target", "GET /v2/\x01 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
] as const) {
  test(`${what} gets an error or no response at all, and other clients are still served`, async (t) => {
    const scope = new Scope(t);
    const { port, client } = await runBerth(scope);
    const received = await exchangeRaw(scope, port, request);
    for (const status of statusesIn(received)) assert.ok(status >= 400 && status < 500, received);
    assert.equal((await client.get("/v2/")).status, 200);
  });
}
