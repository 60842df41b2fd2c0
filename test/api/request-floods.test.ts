import { strict as assert } from "node:assert";
import { test } from "node:test";
import { exchangeRaw, RawConnection, statusesIn } from "../support/raw-connection.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

test("headers beyond the limit get 431, in JSON", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  for (const flood of [
    `X: ${"x".repeat(40_000)}\r\n`,
    `${"x".repeat(40_000)}: x\r\n`,
    "X-Header: value\r\n".repeat(10_000),
    `Authorization: Bearer ${"x".repeat(1_000_000)}\r\n`,
  ]) {
    const received = await exchangeRaw(scope, port, `GET /v2/ HTTP/1.1\r\nHost: a\r\n${flood}\r\n`);
    assert.deepEqual(statusesIn(received), [431]);
    const [head = "", body = ""] = received.split("\r\n\r\n");
    assert.match(head, new RegExp(`^Content-Length: ${body.length}$`, "m"));
    assert.equal(typeof JSON.parse(body).errors[0].message, "string");
  }
});

test("a path or query beyond the limit is refused too", async (t) => {
  const scope = new Scope(t);
  const { port } = await runBerth(scope);
  for (const target of [`/v2/${"a".repeat(40_000)}/tags/list`, `/v2/_catalog?last=${"a".repeat(1_000_000)}`]) {
    const received = await exchangeRaw(scope, port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.ok([414, 431].includes(statusesIn(received)[0] ?? 0), received.slice(0, 200));
  }
});

test("the operator sets the limit, and anything below it passes", async (t) => {
  const scope = new Scope(t);
  const { client } = await runBerth(scope, { server: { maxHeaderSize: "64KiB" } });
  assert.equal((await client.get("/v2/", { authorization: "x".repeat(60_000) })).status, 200);
});

test("very many headers, parameters and tags in one request are limited and break nothing", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { maxHeaderSize: "1MiB" } });
  const image = await pushSmallImage(client, "a", "layer");
  const headers = Object.fromEntries(Array.from({ length: 900 }, (_, number) => [`x-${number}`, "x"]));
  assert.equal((await client.get("/v2/", headers)).status, 200);
  const query = Array.from({ length: 50_000 }, (_, number) => `tag=t${number}`).join("&");
  const answer = await client.request("PUT", `/v2/a/manifests/${image.descriptor.digest}?${query}`, {
    body: image.bytes,
  });
  assert.equal(answer.status, 414);
  assert.equal((await client.get(`/v2/_catalog?${"n=1&".repeat(50_000)}`)).status, 200);
});

test("at the limit of open connections, an idle one gives way to the next", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope, { server: { maxConnections: 3 } });
  const open = [];
  for (let count = 0; count < 3; count++) {
    const connection = await RawConnection.open(scope, port);
    connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await connection.receive(/ok/);
    open.push(connection);
  }
  assert.equal((await client.get("/healthz")).status, 200);
  await open[0]?.closed;
  assert.deepEqual(
    open.map(({ socket }) => socket.destroyed),
    [true, false, false],
  );
});

test("silent connections keep no one out", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope, { server: { maxConnections: 10 } });
  const silent = [];
  for (let count = 0; count < 10; count++) silent.push(await RawConnection.open(scope, port));
  for (let count = 0; count < 3; count++) assert.equal((await client.get("/healthz")).status, 200);
  assert.ok(silent.some(({ socket }) => !socket.destroyed));
});

test("a connection with a running request does not give way: further ones are closed until it has finished", async (t) => {
  const scope = new Scope(t);
  const { port, client } = await runBerth(scope, { server: { maxConnections: 3 } });
  const open = [];
  for (let count = 0; count < 3; count++) {
    const connection = await RawConnection.open(scope, port);
    const head = `PUT /v2/app/manifests/v${count} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9`;
    connection.send(`${head}\r\n\r\n`);
    await connection.receive(/100 Continue/);
    open.push(connection);
  }
  const refused = await RawConnection.open(scope, port);
  assert.equal(await refused.closed, "");
  for (const { socket } of open) socket.destroy();
  await waitUntil("there is room again", () =>
    client.get("/healthz").then(
      ({ status }) => status === 200 || undefined,
      () => undefined,
    ),
  );
});
